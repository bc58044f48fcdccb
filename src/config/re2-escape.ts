import { Re2Error, type Piece } from './re2-piece.ts';

const SYNTAX = /[\^$\\.*+?()[\]{}|/]/;
const PUNCTUATION = /[!-/:-@[-`{-~]/;
const SAME = /^\\[dDsSwWbBfnrtv]/;
const PROPERTY = /^\\([pP])(?:\{(\^?)(\w+)\}|([A-Z]))/;
const HEXADECIMAL = /^\\x(?:\{([0-9a-fA-F]{1,6})\}|([0-9a-fA-F]{2}))/;
const OCTAL = /^\\(0[0-7]{0,2}|[1-7][0-7]{1,2})/;
/** The ends of the text, whatever the flag m says. */
const ENDS: Readonly<Record<string, string>> = { A: '(?-m:^)', z: '(?-m:$)' };

/** What starts with a backslash, outside of `[…]`. */
export function escapeAt(rest: string): Piece {
  const end = ENDS[rest.charAt(1)];
  if (end !== undefined) return { source: end, length: 2 };
  if (rest.startsWith('\\Q')) {
    const stop = rest.indexOf('\\E');
    const quoted = rest.slice(2, stop === -1 ? undefined : stop);
    return { source: quoted.replace(/[\^$\\.*+?()[\]{}|/]/g, '\\$&'), length: stop === -1 ? rest.length : stop + 2 };
  }
  return escapedCharacter(rest);
}

/** What starts with a backslash and means a character, or one of some. */
export function escapedCharacter(rest: string): Piece {
  const same = SAME.exec(rest)?.[0];
  if (same !== undefined) return { source: same, length: same.length };
  const property = PROPERTY.exec(rest);
  if (property !== null) {
    const [all, letter, not = '', long, short] = property;
    const negated = (letter === 'P') !== (not === '^');
    return { source: `\\${negated ? 'P' : 'p'}{${propertyName(long ?? short ?? '')}}`, length: all.length };
  }
  const hexadecimal = HEXADECIMAL.exec(rest);
  if (hexadecimal !== null) return codePoint(parseInt(hexadecimal[1] ?? hexadecimal[2] ?? '', 16), hexadecimal[0]);
  const octal = OCTAL.exec(rest);
  if (octal !== null) return codePoint(parseInt(octal[1] ?? '', 8), octal[0]);
  const char = rest.charAt(1);
  if (char === 'a') return { source: '\\x07', length: 2 };
  if (/\d/.test(char)) throw new Re2Error(`refers to a group (\\${char}), which RE2 cannot`);
  if (!PUNCTUATION.test(char)) throw new Re2Error(`has a \\ before "${char}", where it means nothing`);
  return { source: SYNTAX.test(char) ? `\\${char}` : char === '-' ? '\\x2d' : char, length: 2 };
}

function codePoint(value: number, written: string): Piece {
  return { source: `\\u{${value.toString(16)}}`, length: written.length };
}

/** A category as it is, a script with what JavaScript wants before it. */
function propertyName(name: string): string {
  for (const candidate of [name, `Script=${name}`]) {
    try {
      void new RegExp(`\\p{${candidate}}`, 'u');
      return candidate;
    } catch {
      // Then it is the other one, or none.
    }
  }
  throw new Re2Error(`names "${name}", which is no property of characters`);
}
