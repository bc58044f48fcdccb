import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hasUnclosedQuote, splitCommand, stripComments } from '../../src/config/command.ts';

/** Arguments with everything in them that could matter to a splitter. */
const argument = fc.string({ unit: fc.constantFrom(...'ab"\'\\ \t$`#;{}=é '.split('')), maxLength: 12 });
const argv = fc.array(argument, { minLength: 1, maxLength: 6 });

/** In single quotes nothing is special on POSIX. */
function quotePosix(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** The rules of the C runtime, backwards: double the backslashes before a quote, and escape the quote. */
function quoteWindows(word: string): string {
  return `"${word.replaceAll(/(\\*)"/g, String.raw`$1$1\"`).replace(/(\\+)$/, '$1$1')}"`;
}

describe('splitting of commands', () => {
  it('gives back what was quoted, on POSIX', () => {
    fc.assert(
      fc.property(argv, fc.constantFrom(' ', '\t', '\n  ', '  \n'), (words, separator) => {
        const command = `run ${words.map(quotePosix).join(separator)} end`;
        expect(splitCommand(command, 'linux')).toEqual(['run', ...words, 'end']);
        expect(hasUnclosedQuote(command, 'linux')).toBe(false);
      }),
    );
  });

  it('gives back what was quoted, on Windows', () => {
    fc.assert(
      fc.property(argv, (words) => {
        expect(splitCommand(`run ${words.map(quoteWindows).join(' ')} end`, 'win32')).toEqual(['run', ...words, 'end']);
      }),
    );
  });

  it.skipIf(process.platform === 'win32')('agrees with sh where no expansion is involved', () => {
    const piece = fc.constantFrom(
      'a',
      'b c',
      ' ',
      '\t',
      '"',
      "'",
      '\\',
      '"x y"',
      "'x y'",
      '\\"',
      "\\'",
      '\\\\',
      '=',
      '-',
    );
    const commands = fc
      .array(piece, { minLength: 1, maxLength: 10 })
      .map((pieces) => `run ${pieces.join('')}`)
      .filter((command) => !hasUnclosedQuote(command, 'linux') && !command.trimEnd().endsWith('\\'));
    const sample = fc.sample(commands, { numRuns: 200, seed: 7 });
    // One shell for all: each command becomes a call of a function that prints its arguments between NULs.
    const script = ['run() { for a in run "$@"; do printf "%s\\0" "$a"; done; printf "\\1"; }', ...sample].join('\n');
    const printed = execFileSync('sh', ['-f'], { input: script, encoding: 'utf8' });
    const expected = printed.split('\u0001').slice(0, -1);
    expect(expected.length).toBe(sample.length);
    sample.forEach((command, index) => {
      expect([command, splitCommand(command, 'linux')]).toEqual([command, expected[index]!.split('\0').slice(0, -1)]);
    });
  });

  it('never throws, and never gives a word of unquoted white space', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), fc.constantFrom('linux', 'win32'), (text, platform) => {
        expect(Array.isArray(splitCommand(text, platform))).toBe(true);
        if (!/["'\\]/.test(text)) {
          for (const word of splitCommand(text, platform)) expect(word).not.toMatch(/[ \t\n]/);
        }
      }),
    );
  });

  it('takes comment lines for nothing, wherever they stand', () => {
    const line = fc.string({ unit: fc.constantFrom(...'ab -='.split('')), minLength: 1, maxLength: 10 });
    const comment = fc
      .string({ unit: fc.constantFrom(...'ab "\'\\#'.split('')), maxLength: 10 })
      .map((text) => `  #${text}`);
    fc.assert(
      fc.property(fc.array(fc.oneof(line, comment), { maxLength: 8 }), (lines) => {
        const without = lines.filter((text) => !text.trim().startsWith('#'));
        expect(splitCommand(lines.join('\n'), 'linux')).toEqual(splitCommand(without.join('\n'), 'linux'));
        expect(stripComments(stripComments(lines.join('\n')))).toBe(stripComments(lines.join('\n')));
      }),
    );
  });
});
