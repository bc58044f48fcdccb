import { describe, expect, it, vi } from 'vitest';
import { deleteValue, editJson, setValue } from '../../../../src/http/filters/json-edit.ts';
import { parsePath } from '../../../../src/http/filters/json-path.ts';

const set = (body: string, path: string, value: string): string => setValue(Buffer.from(body), path, value).toString();
const remove = (body: string, path: string): string => deleteValue(Buffer.from(body), path).toString();

describe('setting a value', () => {
  it.each([
    ['replaces in place and keeps the spaces around', '{ "a" : 1 ,\n"b":2 }', 'a', '9', '{ "a" : 9 ,\n"b":2 }'],
    ['puts a new key last', '{"a":1}', 'k', '2', '{"a":1,"k":2}'],
    ['puts a new key right before the brace', '{ "a": 1\n}', 'k', '2', '{ "a": 1\n,"k":2}'],
    ['drops white space around the document with it', ' {"a":1}\n', 'k', '2', '{"a":1,"k":2}'],
    ['and only then', ' {"a":1}\n', 'a', '2', ' {"a":2}\n'],
    ['fills an empty object', '{ }', 'k', '2', '{ "k":2}'],
    ['goes into objects', '{"a":{"b":{"c":1}}}', 'a.b.c', '2', '{"a":{"b":{"c":2}}}'],
    ['adds inside of objects', '{"a":{"b":1 } ,"c":0}', 'a.k', '2', '{"a":{"b":1 ,"k":2} ,"c":0}'],
    ['makes what is missing on the way', '{}', 'a.b.1.c', '2', '{"a":{"b":[null,{"c":2}]}}'],
    ['makes an object of a forced number', '{}', 'a.:1', '2', '{"a":{"1":2}}'],
    ['finds a number among the keys of an object', '{"a":{"0":1}}', 'a.0', '2', '{"a":{"0":2}}'],
    ['makes an object of a scalar in the way', '{"a":5}', 'a.b', '2', '{"a":{"b":2}}'],
    ['makes an array of a scalar in the way', '{"a":null}', 'a.1', '2', '{"a":[null,2]}'],
    ['appends to an array that was null', '{"stop":null}', 'stop.-1', '"x"', '{"stop":["x"]}'],
    ['replaces an element', '{"a":[ 1 , 2 ]}', 'a.1', '9', '{"a":[ 1 , 9 ]}'],
    ['appends an element', '{"a":[1,2]}', 'a.-1', '9', '{"a":[1,2,9]}'],
    ['appends to an empty array', '{"a":[]}', 'a.-1', '9', '{"a":[9]}'],
    ['fills an array with null', '{"a":[1]}', 'a.3', '9', '{"a":[1,null,null,9]}'],
    ['changes the first of two equal keys', '{"a":1,"a":2}', 'a', '9', '{"a":9,"a":2}'],
    ['tells upper case from lower', '{"A":1}', 'a', '9', '{"A":1,"a":9}'],
    ['takes a path for the outermost object', '{"x":{"a":1}}', 'a', '9', '{"x":{"a":1},"a":9}'],
    ['reads keys in escapes', String.raw`{"\u0061":1}`, 'a', '9', String.raw`{"\u0061":9}`],
    ['finds a dotted key', '{"a.b":1}', String.raw`a\.b`, '9', '{"a.b":9}'],
    ['is not misled by strings', '{"x":"{\\"a\\":[,}","a":1}', 'a', '9', '{"x":"{\\"a\\":[,}","a":9}'],
    ['writes keys as strings are written', '{}', 'a"b', '9', String.raw`{"a\"b":9}`],
    ['keeps a byte order mark', '\uFEFF{"a":1}', 'a', '9', '\uFEFF{"a":9}'],
    ['makes a document of nothing', '', 'a', '9', '{"a":9}'],
  ])('%s', (_name, body, path, value, expected) => {
    expect(set(body, path, value)).toBe(expected);
  });

  it('keeps the digits of 64-bit numbers, the order and the duplicates', () => {
    const body = '{"seed":18446744073709551615,"z":1.50,"x":[1e400],"z":-0,"b":{"seed":9007199254740993}}';
    expect(set(body, 'x.-1', '1')).toBe(body.replace('[1e400]', '[1e400,1]'));
  });

  it('refuses a name inside an array', () => {
    expect(() => set('{"arr":[1]}', 'arr.foo', '1')).toThrow(
      expect.objectContaining({
        code: 'internal_error',
        message: expect.stringMatching(/^Error setting parameter arr\.foo in request: /),
      }),
    );
    expect(() => set('{"arr":[1]}', 'arr.:4', '1')).toThrow(/^Error setting parameter/);
  });

  it.each(['{"a":1', '{"a":1,', '{"a"', '{"a":"', '{"a":[', '{', '{x', '{"a":1]', '{"a" 1}', '{"a":}', '{"a":1 2}'])(
    'does not guess where %s goes on',
    (body) => {
      expect(() => set(body, 'k', '1')).toThrow(expect.objectContaining({ code: 'invalid_json' }));
    },
  );
});

describe('deleting a value', () => {
  const body = '{ "a" : 1 , "model":"m" ,\n "b":[1], "d": 4,\n "c":{}\n}';
  it.each([
    [
      'the first takes everything up to the comma behind it',
      body,
      'a',
      '{ "model":"m" ,\n "b":[1], "d": 4,\n "c":{}\n}',
    ],
    ['others take the comma before them', body, 'b', '{ "a" : 1 , "model":"m" , "d": 4,\n "c":{}\n}'],
    ['the last too', body, 'c', '{ "a" : 1 , "model":"m" ,\n "b":[1], "d": 4\n}'],
    ['the only one', '{ "a" : 1 }', 'a', '{ }'],
    ['what is not there', body, 'k', body],
    ['below what is not there', body, 'd.x.y', body],
    ['the first of two equal keys', '{"x":0,"a":1,"a":2}', 'a', '{"x":0,"a":2}'],
    ['inside of an object', '{"b":0,"a":{"x":1 } ,"c":0}', 'a.x', '{"b":0,"a":{ } ,"c":0}'],
    ['an element', '{"a":[1, 2 ,3]}', 'a.1', '{"a":[1 ,3]}'],
    ['the first element', '{"a":[1, 2 ,3]}', 'a.0', '{"a":[ 2 ,3]}'],
    ['the last element', '{"a":[1,2,3]}', 'a.-1', '{"a":[1,2]}'],
    ['the last of no elements', '{"a":[]}', 'a.-1', '{"a":[]}'],
    ['a name in an array', '{"a":[1]}', 'a.b', '{"a":[1]}'],
  ])('%s', (_name, before, path, after) => {
    expect(remove(before, path)).toBe(after);
  });
});

describe('several changes', () => {
  const change = (body: string, ...edits: [string, string | null][]): string =>
    Buffer.concat(
      editJson(
        Buffer.from(body),
        edits.map(([path, value]) => ({ path: parsePath(path), value: value === null ? null : Buffer.from(value) })),
      ),
    ).toString();

  it.each<[string, string, [string, string | null][], string]>([
    [
      'three deletions as documented',
      '{ "a" : 1 , "model":"m" ,\n "b":[1], "d": 4,\n "c":{}\n}',
      [
        ['a', null],
        ['b', null],
        ['c', null],
      ],
      '{ "model":"m" , "d": 4\n}',
    ],
    [
      'everything goes',
      '{"a":1,"b":2}',
      [
        ['b', null],
        ['a', null],
      ],
      '{}',
    ],
    [
      'everything goes and something comes',
      '{"a":1,"b":2}',
      [
        ['a', null],
        ['b', null],
        ['c', '3'],
      ],
      '{"c":3}',
    ],
    [
      'a deletion uncovers the second of two keys',
      '{"a":1,"b":2,"a":3}',
      [
        ['a', null],
        ['a', '9'],
      ],
      '{"b":2,"a":9}',
    ],
    [
      'gone and set again',
      '{"a":1,"b":2}',
      [
        ['a', null],
        ['a', '9'],
      ],
      '{"b":2,"a":9}',
    ],
    [
      'set, then changed inside',
      '{}',
      [
        ['a', '{"x":1}'],
        ['a.x', '2'],
        ['a.y.0', '3'],
      ],
      '{"a":{"x":2,"y":[3]}}',
    ],
    [
      'changed inside, then set',
      '{"a":[1]}',
      [
        ['a.0', '2'],
        ['a', '0'],
      ],
      '{"a":0}',
    ],
    [
      'elements move up',
      '{"a":[1,2,3]}',
      [
        ['a.0', null],
        ['a.0', null],
        ['a.-1', '9'],
      ],
      '{"a":[3,9]}',
    ],
    [
      'appended, then changed',
      '{"a":[]}',
      [
        ['a.-1', '{}'],
        ['a.0.x', '1'],
        ['a.-1', '2'],
      ],
      '{"a":[{"x":1},2]}',
    ],
    [
      'new, then gone',
      '{"a":1}',
      [
        ['b', '1'],
        ['b', null],
      ],
      '{"a":1}',
    ],
    [
      'a pattern between them',
      '{"ab":1}',
      [
        ['ac', '1'],
        ['a*', '2'],
        ['ac', null],
      ],
      '{"ab":2}',
    ],
    [
      'a scalar that stays when nothing is set',
      '{"a":1}',
      [
        ['a.b', null],
        ['a.c', '2'],
      ],
      '{"a":{"c":2}}',
    ],
  ])('%s', (_name, body, edits, expected) => {
    expect(change(body, ...edits)).toBe(expected);
  });

  it('copies no stretch of a large body', () => {
    const body = Buffer.from(`{"a":1,"x":"${'x'.repeat(1_000_000)}","b":2,"y":"${'y'.repeat(1_000_000)}"}`);
    const pieces = editJson(body, [
      { path: parsePath('a'), value: null },
      { path: parsePath('b'), value: Buffer.from('3') },
      { path: parsePath('c'), value: Buffer.from('4') },
    ]);
    expect(pieces.filter((piece) => piece.length > 1000).every((piece) => piece.buffer === body.buffer)).toBe(true);
    expect(pieces.length).toBeLessThan(8);
  });

  it('looks no further than it has to, and parses nothing', () => {
    const parse = vi.spyOn(JSON, 'parse');
    const body = Buffer.from(`{"model":"a","messages":[${'{"role":"user"},'.repeat(1000)} broken`);
    const [, , rest] = editJson(body, [{ path: parsePath('model'), value: Buffer.from('"b"') }]);
    expect(rest?.equals(body.subarray('{"model":"a"'.length))).toBe(true);
    expect(parse).not.toHaveBeenCalled();
    parse.mockRestore();
  });
});
