import { basename } from 'node:path';
import { HIDDEN, hideSecretShapes, isSecretName } from '../secrets.ts';

/** Makes a line of a process's output fit for clients and logs. */
export type Redactor = (line: string) => string;

const LONGEST_LINE = 500;
/** Shorter values are words like `on`; hiding each of them would make the text useless. */
const SHORTEST_SECRET = 4;

/** Arguments of this many characters do not come together by chance. */
const TELLING_LENGTH = 16;
const HARMLESS_VALUE = /^(\d{1,9}|true|false|none|null|yes|auto)$/i;

/**
 * @param source what the process was started with: its words and its environment. Values of entries and of flags with
 *   a secret's name are hidden wherever they appear, and so is a line that repeats the command itself.
 */
export function createRedactor(source: {
  argv: readonly string[];
  env: Readonly<Record<string, string | undefined>>;
}): Redactor {
  // Longer ones first, so that a secret that contains another one leaves no rest.
  const secrets = [...new Set([...secretsOfEnv(source.env), ...secretsOfArgv(source.argv)])].sort(
    (a, b) => b.length - a.length,
  );
  const command = wordsOfCommand(source.argv);

  return (line) => {
    if (repeatsCommand(line, command)) return '[the command line]';
    let text = line;
    for (const secret of secrets) text = text.replaceAll(secret, HIDDEN);
    text = hideSecretShapes(text);
    return text.length > LONGEST_LINE ? `${text.slice(0, LONGEST_LINE)}…` : text;
  };
}

function secretsOfEnv(env: Readonly<Record<string, string | undefined>>): string[] {
  return Object.entries(env).flatMap(([name, value]) => (value && isSecretName(name) ? parts(value) : []));
}

/** A word can itself be a command, as with `sh -c '…'`. */
function secretsOfArgv(argv: readonly string[]): string[] {
  const nested = argv.filter((word) => /\s/.test(word)).map((word) => word.replaceAll(/["']/g, '').split(/\s+/));
  return [argv, ...nested].flatMap(secretsOfWords);
}

function secretsOfWords(words: readonly string[]): string[] {
  return words.flatMap((word, index) => {
    const assignment = /^(-{0,2}[\w.-]+)=(.*)$/s.exec(word);
    if (assignment) return isSecretName(assignment[1] ?? '') ? parts(assignment[2] ?? '') : [];
    return word.startsWith('-') && isSecretName(word) ? parts(words[index + 1] ?? '') : [];
  });
}

/** A value can be a list of keys or a text of several lines. */
function parts(value: string): string[] {
  return [value, ...value.split(/[,\n]/)]
    .map((part) => part.trim())
    .filter((part) => part.length >= SHORTEST_SECRET && !HARMLESS_VALUE.test(part));
}

/** A few short arguments are told from ordinary words only beside the name of the program. */
function wordsOfCommand(argv: readonly string[]): readonly string[] {
  const [program = '', ...args] = argv;
  if (args.length === 0) return [];
  return args.join('').length >= TELLING_LENGTH && args.length > 1 ? args : [basename(program), ...args];
}

function repeatsCommand(line: string, words: readonly string[]): boolean {
  if (words.length === 0) return false;
  let from = 0;
  for (const word of words) {
    const at = line.indexOf(word, from);
    if (at === -1) return false;
    from = at + word.length;
  }
  return true;
}
