/**
 * Splitting a command as written into program and arguments. There is no shell: no variables, no globs, no pipes.
 */

/** Removes lines that are comments (`#` first), as a command in a YAML block may hold them. '' when nothing is left. */
export function stripComments(command: string): string {
  const kept = command.split('\n').filter((line) => !line.trim().startsWith('#'));
  return kept.every((line) => line.trim() === '') ? '' : kept.join('\n');
}

/**
 * Splits a command into program and arguments; empty when there is no program.
 *
 * Lines that start with `#` are dropped, a `\` at the end of a line continues it. On POSIX both kinds of quotes and the
 * backslash work as in `sh`; on Windows only `"` quotes, and backslashes follow the rules of the C runtime. A quote that
 * is never closed reaches to the end.
 */
export function splitCommand(command: string, platform: NodeJS.Platform = process.platform): string[] {
  return scan(command, platform).words;
}

/** Whether a quote is opened and never closed: the command then hardly means what it says. */
export function hasUnclosedQuote(command: string, platform: NodeJS.Platform = process.platform): boolean {
  return scan(command, platform).unclosed;
}

interface Scan {
  readonly words: string[];
  readonly unclosed: boolean;
}

function scan(command: string, platform: NodeJS.Platform): Scan {
  const joined = stripComments(command)
    .split('\n')
    .map((line) => (line.trimEnd().endsWith('\\') ? `${line.trim().slice(0, -1)} ` : line))
    .join('\n');
  return platform === 'win32' ? scanWindows(joined) : scanPosix(joined);
}

/** Inside double quotes a backslash is only special before these. */
const ESCAPED_IN_QUOTES = '$`"\\\n';

function scanPosix(text: string): Scan {
  const words: string[] = [];
  let word: string | null = null;
  let quote: string | null = null;
  for (let i = 0; i < text.length; i++) {
    const char = text.charAt(i);
    const next = text.charAt(i + 1);
    if (quote === "'") {
      if (char === "'") quote = null;
      else word += char;
    } else if (quote === '"') {
      if (char === '"') quote = null;
      else if (char === '\\' && next !== '' && ESCAPED_IN_QUOTES.includes(next)) {
        if (next !== '\n') word += next;
        i++;
      } else word += char;
    } else if (char === "'" || char === '"') {
      quote = char;
      word ??= '';
    } else if (char === '\\') {
      if (next !== '\n' && next !== '') word = (word ?? '') + next;
      i++;
    } else if (char === ' ' || char === '\t' || char === '\n') {
      if (word !== null) words.push(word);
      word = null;
    } else {
      word = (word ?? '') + char;
    }
  }
  if (word !== null) words.push(word);
  return { words, unclosed: quote !== null };
}

function scanWindows(text: string): Scan {
  const words: string[] = [];
  let word: string | null = null;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const char = text.charAt(i);
    if (char === '\\') {
      let count = 1;
      while (text.charAt(i + count) === '\\') count++;
      const beforeQuote = text.charAt(i + count) === '"';
      // Before a quote two backslashes make one, and an odd one makes the quote plain text; elsewhere they are literal.
      word = (word ?? '') + '\\'.repeat(beforeQuote ? Math.floor(count / 2) : count);
      i += count - 1;
      if (beforeQuote && count % 2 === 1) {
        word += '"';
        i++;
      }
    } else if (char === '"') {
      word ??= '';
      if (quoted && text.charAt(i + 1) === '"') {
        word += '"';
        i++;
      } else quoted = !quoted;
    } else if (!quoted && /[ \t\r\n]/.test(char)) {
      if (word !== null) words.push(word);
      word = null;
    } else {
      word = (word ?? '') + char;
    }
  }
  if (word !== null) words.push(word);
  return { words, unclosed: quoted };
}
