import { HIDDEN, hideSecretShapes, isSecretName } from '../secrets.ts';

/** What is between two words, a `\` that continues a line included; or a word, which quotes keep together. */
const PIECE =
  /(?<gap>(?:\\[ \t]*\r?\n|\s)+)|(?:"(?:\\[\s\S]|[^"\\])*(?:"|$)|'[^']*(?:'|$)|\\(?![ \t]*\r?\n)[\s\S]|[^\s"'\\]|\\$)+/g;
const QUOTED = /(["'])((?:\\[\s\S]|(?!\1)[^\\])*)(\1|$)/g;

/** `NAME=value` anywhere, `name: value` where a header or a key of JSON begins. */
const ASSIGNMENT = /(?<![\w.-])([\w.-]+)["']?=(?=[^\s])|(?<=^|["'{,\s])([\w.-]+)["']?:\s*(?=\S)/g;
const FLAG = /^["']?(--?[\w.-]+)["']?$/;
/** `sh -c`, `bash -lc`: the next word is a command itself. */
const RUNS_NEXT_WORD = /^-\w*c$/;

const HARMLESS_VALUE = /^["']?(?:true|false|none|null|yes|no|auto)(?!\w)/i;
/** A number of tokens is no token, nor is the number of one in a vocabulary. */
const COUNT = /tokens|token[-_.]?(?:limit|count|id)/i;
const NUMBER = /^["']?(?:int:)?\d{1,9}(?![\w.])/;

/** A command line that may be shown: what looks like the value of a secret is taken out. */
export function redactCommand(command: string): string {
  return hideSecretShapes(redactWords(command));
}

function redactWords(text: string): string {
  let before = '';
  return text.replace(PIECE, (word: string, gap: string | undefined) => {
    if (gap !== undefined) return word;
    const flag = FLAG.exec(before)?.[1];
    const isValue = flag !== undefined && hides(flag, word) && !/^--[a-z]/.test(word);
    const isCommand = RUNS_NEXT_WORD.test(before);
    before = word;
    return isValue ? HIDDEN : redactWord(word, isCommand);
  });
}

function redactWord(word: string, isCommand: boolean): string {
  const at = isCommand ? null : startOfSecret(word);
  const kept = word.slice(0, at ?? word.length);
  const shown = kept.replace(
    QUOTED,
    (_, quote: string, inner: string, end: string) => quote + redactWords(inner) + end,
  );
  if (at === null) return shown;
  const [first = ''] = word;
  return shown + HIDDEN + (/["']/.test(first) && word.endsWith(first) ? first : '');
}

/** Where in a word the value of something secret begins. */
function startOfSecret(word: string): number | null {
  for (const match of word.matchAll(ASSIGNMENT)) {
    const at = match.index + match[0].length;
    if (hides(match[1] ?? match[2] ?? '', word.slice(at))) return at;
  }
  return null;
}

function hides(name: string, value: string): boolean {
  return isSecretName(name) && !HARMLESS_VALUE.test(value) && !(COUNT.test(name) && NUMBER.test(value));
}
