import { classAt } from './re2-class.ts';
import { escapeAt } from './re2-escape.ts';
import { Re2Error, type Piece } from './re2-piece.ts';

export type Translated = { readonly source: string } | { readonly wrong: string };

/** Lookaround and the like, which RE2 does not have. */
const NOT_IN_RE2 = /^\(\?(?:[=!>#]|<[=!])/;
const NAMED_GROUP = /^\(\?P?<([A-Za-z_]\w*)>/;
const FLAGS = /^\(\?([a-zA-Z]*(?:-[a-zA-Z]+)?)([:)])/;
const REPETITION = /^\{\d+(?:,\d*)?\}/;

/**
 * The source of the JavaScript expression (with the flag `u`) that means the same as one of RE2, as Go has it. What RE2
 * refuses is refused here: lookaround, references to groups.
 */
export function translateRe2(pattern: string): Translated {
  try {
    const source = translate(pattern);
    // What is left to refuse is the same in both: unbalanced brackets, nothing to repeat.
    void new RegExp(source, 'u');
    return { source };
  } catch (error) {
    if (error instanceof Re2Error) return { wrong: error.message };
    if (error instanceof SyntaxError) return { wrong: reasonOf(error) };
    throw error;
  }
}

function reasonOf({ message }: SyntaxError): string {
  return `is not valid: ${(message.split(': ').at(-1) ?? '').toLowerCase()}`;
}

/**
 * `(?i)` in the middle of a group counts to the end of that group, over every `|`: JavaScript only has `(?i:…)`, which is
 * closed and opened again there.
 */
function translate(pattern: string): string {
  let source = '';
  /** For each group that is open: what sets the flags in it so far. */
  const open: string[][] = [[]];
  for (let at = 0; at < pattern.length;) {
    const flags = open.at(-1) ?? [];
    const char = pattern.charAt(at);
    const piece = pieceAt(pattern.slice(at));
    const closing = ')'.repeat(flags.length);
    if (char === ')') {
      source += closing + piece.source;
      open.pop();
    } else if (char === '|') {
      source += closing + piece.source + flags.join('');
    } else {
      source += piece.source;
      if (piece.setsFlags) flags.push(piece.source);
      else if (char === '(') open.push([]);
    }
    at += piece.length;
  }
  return source + ')'.repeat(open.at(-1)?.length ?? 0);
}

function pieceAt(rest: string): Piece {
  const char = rest.charAt(0);
  switch (char) {
    case '\\':
      return escapeAt(rest);
    case '[':
      return classAt(rest);
    case '(':
      return groupAt(rest);
    case '{': {
      const repetition = REPETITION.exec(rest)?.[0];
      return { source: repetition ?? '\\{', length: repetition?.length ?? 1 };
    }
    case '}':
    case ']':
      return { source: `\\${char}`, length: 1 };
    default:
      return { source: char, length: 1 };
  }
}

function groupAt(rest: string): Piece {
  if (!rest.startsWith('(?')) return { source: '(', length: 1 };
  if (NOT_IN_RE2.test(rest)) throw new Re2Error('uses lookaround or the like, which RE2 does not have');
  const name = NAMED_GROUP.exec(rest);
  if (name !== null) return { source: `(?<${name[1]}>`, length: name[0].length };
  const [all = '', names = '', end = ''] = FLAGS.exec(rest) ?? [];
  if (all === '' || (names === '' && end === ')')) throw new Re2Error('has a group that RE2 does not know');
  if (/[^ims-]/.test(names)) throw new Re2Error(`sets the flags "${names}": only i, m and s are known here`);
  const piece = { source: `(?${names}:`, length: all.length };
  return end === ')' ? { ...piece, setsFlags: true } : piece;
}
