import { escapedCharacter } from './re2-escape.ts';
import { Re2Error, type Piece } from './re2-piece.ts';

const NAMED = /^\[:(\^?)(\w+):\]/;
/** Ranges of the ASCII characters with these names, and of all others. */
const NAMED_RANGES: Readonly<Record<string, readonly [ranges: string, others: string]>> = {
  alnum: ['0-9A-Za-z', '\\0-/:-@\\[-`{-\\u{10ffff}'],
  alpha: ['A-Za-z', '\\0-@\\[-`{-\\u{10ffff}'],
  ascii: ['\\0-\\x7f', '\\x80-\\u{10ffff}'],
  blank: ['\\t ', '\\0-\\x08\\n-\\x1f!-\\u{10ffff}'],
  cntrl: ['\\0-\\x1f\\x7f', ' -~\\x80-\\u{10ffff}'],
  digit: ['0-9', '\\0-/:-\\u{10ffff}'],
  graph: ['!-~', '\\0- \\x7f-\\u{10ffff}'],
  lower: ['a-z', '\\0-`{-\\u{10ffff}'],
  print: [' -~', '\\0-\\x1f\\x7f-\\u{10ffff}'],
  punct: ['!-/:-@\\[-`{-~', '\\0- 0-9A-Za-z\\x7f-\\u{10ffff}'],
  space: ['\\t-\\r ', '\\0-\\x08\\x0e-\\x1f!-\\u{10ffff}'],
  upper: ['A-Z', '\\0-@\\[-\\u{10ffff}'],
  word: ['0-9A-Za-z_', '\\0-/:-@\\[-^`{-\\u{10ffff}'],
  xdigit: ['0-9A-Fa-f', '\\0-/:-@G-`g-\\u{10ffff}'],
};

/** A class of characters, from `[` to its `]`: one that comes first is a character like others. */
export function classAt(rest: string): Piece {
  let source = rest.startsWith('[^') ? '[^' : '[';
  let at = source.length;
  for (let isFirst = true; ; isFirst = false) {
    const char = rest.charAt(at);
    if (char === '') throw new Re2Error('has a [ without its ]');
    if (char === ']' && !isFirst) return { source: `${source}]`, length: at + 1 };
    const piece = memberAt(rest.slice(at));
    source += piece.source;
    at += piece.length;
  }
}

function memberAt(rest: string): Piece {
  const named = NAMED.exec(rest);
  if (named !== null) {
    const [all, not, name = ''] = named;
    const ranges = NAMED_RANGES[name];
    if (ranges === undefined) throw new Re2Error(`names the class "${name}", which there is not`);
    return { source: ranges[not === '^' ? 1 : 0], length: all.length };
  }
  if (rest.startsWith('\\')) return escapedCharacter(rest);
  const char = rest.charAt(0);
  return { source: '[]^'.includes(char) ? `\\${char}` : char, length: 1 };
}
