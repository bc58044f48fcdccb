import { describe, expect, it } from 'vitest';
import { checkPath, makesArray, parsePath } from '../../../../src/http/filters/json-path.ts';

function plain(text: string): readonly (string | number)[] {
  const path = parsePath(text);
  if (path.kind !== 'plain') throw new Error(`${text} is a pattern`);
  return path.parts.map((part) => (makesArray(part) ? (part.index ?? -1) : part.name));
}

describe('paths', () => {
  it.each<[string, readonly (string | number)[]]>([
    ['temperature', ['temperature']],
    ['a.b.c', ['a', 'b', 'c']],
    ['list.0.x', ['list', 0, 'x']],
    ['list.01', ['list', 1]],
    ['list.-1', ['list', -1]],
    ['list.-2', ['list', '-2']],
    [String.raw`a\.b.c`, ['a.b', 'c']],
    [String.raw`a\\.b`, ['a\\', 'b']],
    [String.raw`what\?`, ['what?']],
    [String.raw`\#`, ['#']],
    ['a.:1', ['a', '1']],
    ['a.:-1', ['a', '-1']],
    ['a.:', ['a', '']],
    [String.raw`\:a`, [':a']],
    ['a:b', ['a:b']],
    ['ключ.é', ['ключ', 'é']],
    ['a\\', ['a']],
    // Nobody means that many nulls.
    ['a.123456', ['a', '123456']],
  ])('%s', (text, parts) => {
    expect(plain(text)).toEqual(parts);
    expect([checkPath(text, 'set'), checkPath(text, 'delete')]).toEqual([null, null]);
  });

  it.each(['*', 'a*', 'a.b?', 'a.#.b', 'a|b', 'a@b', 'm*.x', 'list.#(role=="user").name', 'list.#(>1)#', 'a.#(b)'])(
    '%s is a pattern: something to set, nothing to delete',
    (text) => {
      expect(parsePath(text).kind).toBe('pattern');
      expect(checkPath(text, 'delete')).toContain('only one value');
      expect(checkPath(text, 'set')).toBe(
        text === '*' ? 'this would also change "model"; use useModelName for that' : null,
      );
    },
  );

  it.each([
    ['', 'the path is empty'],
    ['a..b', 'a name is missing before or after a dot (write : for an empty one)'],
    ['a.', 'a name is missing before or after a dot (write : for an empty one)'],
    ['.a', 'a name is missing before or after a dot (write : for an empty one)'],
    ['.', 'a name is missing before or after a dot (write : for an empty one)'],
    ['a.#(b=={})x', 'the query #(b=={})x is not understood'],
    ['a.#(b.#(c==1)).x', 'the query #(b is not understood'],
    ['a.#(b==~true)', 'the query #(b==~true) is not understood'],
    [String.raw`a.#(b=="\x").c`, String.raw`the text "\x" in a query is not understood`],
  ])('%j is refused', (text, reason) => {
    expect(checkPath(text, 'set')).toBe(reason);
    expect(() => parsePath(text)).toThrow(SyntaxError);
  });
});
