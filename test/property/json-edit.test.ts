import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GatewayError } from '../../src/errors.ts';
import { deleteValue, editJson, setValue } from '../../src/http/filters/json-edit.ts';
import { parsePath } from '../../src/http/filters/json-path.ts';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
/** A name or an index. */
type Part = string | number;

const NAMES = ['a', 'b', 'c.d', 'e*', ':f', 'q"\\z', 'é', '\u2028', '0', '-1', ' '];
const name = fc.constantFrom(...NAMES);
const { tree: json } = fc.letrec<{ tree: Json }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom<Json>(null, true, 0, -1.5e300, '', 'x', '"}],{', '\\', 'é'),
    fc.dictionary(name, tie('tree'), { maxKeys: 4, noNullPrototype: true }),
    fc.array(tie('tree'), { maxLength: 4 }),
  ) as fc.Arbitrary<Json>,
}));
const object = fc.dictionary(name, json, { maxKeys: 5, noNullPrototype: true });
const path = fc.array(fc.oneof(name, fc.nat({ max: 4 })), { minLength: 1, maxLength: 4 });
const indent = fc.constantFrom(undefined, 1, '\t');

function written(parts: readonly Part[]): string {
  return parts
    .map((part) => {
      if (typeof part === 'number') return String(part);
      const escaped = part.replaceAll(/[\\.*?#|@]/g, String.raw`\$&`);
      // What could be read as a number is said to be a name.
      return /^(?::|-?\d)/.test(part) ? `:${escaped}` : escaped;
    })
    .join('.');
}

/** The same on a parsed value; undefined where that cannot be done. */
function withSet(value: Json | undefined, [part, ...rest]: readonly Part[], to: Json): Json | undefined {
  if (part === undefined) return to;
  if (Array.isArray(value)) {
    const index = typeof part === 'number' ? part : Number(/^\d+$/.test(part) ? part : Number.NaN);
    // A number that is said to be a name finds an element and creates none.
    if (Number.isNaN(index) || (typeof part === 'string' && index >= value.length)) return undefined;
    const inner = withSet(value[index], rest, to);
    if (inner === undefined) return undefined;
    const longer = [...value, ...Array.from({ length: Math.max(0, index - value.length) }, () => null)];
    longer[index] = inner;
    return longer;
  }
  if (typeof value === 'object' && value !== null) {
    const inner = withSet(value[part], rest, to);
    return inner === undefined ? undefined : { ...value, [part]: inner };
  }
  return withSet(typeof part === 'number' ? [] : {}, [part, ...rest], to);
}

function withoutValue(value: Json | undefined, [part, ...rest]: readonly Part[]): Json | undefined {
  if (part === undefined || typeof value !== 'object' || value === null) return value;
  const key = Array.isArray(value) && part === '-1' ? Number.NaN : part;
  if (!Object.hasOwn(value, key)) return value;
  if (Array.isArray(value)) {
    const inner = withoutValue(value[Number(key)], rest);
    return value.flatMap((item, at) =>
      at !== Number(key) ? [item] : rest.length === 0 || inner === undefined ? [] : [inner],
    );
  }
  const { [key]: old, ...others } = value as Record<string, Json>;
  const inner = withoutValue(old, rest);
  return rest.length === 0 || inner === undefined ? others : { ...others, [key]: inner };
}

function tried(edit: () => Buffer): Json | undefined {
  try {
    return JSON.parse(edit().toString()) as Json;
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'internal_error') return undefined;
    throw error;
  }
}

describe('edits of JSON text against the same edits of what it means', () => {
  it('sets', () => {
    const property = fc.property(object, path, json, indent, (doc, parts, to, space) => {
      const body = Buffer.from(JSON.stringify(doc, null, space));
      const edited = tried(() => setValue(body, written(parts), JSON.stringify(to)));
      expect(edited).toEqual(withSet(doc, parts, to));
      // Once more changes nothing.
      if (edited === undefined) return;
      const once = setValue(body, written(parts), JSON.stringify(to));
      expect(setValue(once, written(parts), JSON.stringify(to)).equals(once)).toBe(true);
    });
    fc.assert(property, { numRuns: 3000 });
  });

  it('deletes, and then it is not there', () => {
    const property = fc.property(object, path, indent, (doc, parts, space) => {
      const body = Buffer.from(JSON.stringify(doc, null, space));
      const once = deleteValue(body, written(parts));
      const expected = withoutValue(doc, parts);
      expect(JSON.parse(once.toString())).toEqual(expected);
      // Elements of an array move up; a name is gone for good.
      if (typeof parts.at(-1) === 'string' && !/^\d/.test(String(parts.at(-1)))) {
        expect(deleteValue(once, written(parts)).equals(once)).toBe(true);
      }
    });
    fc.assert(property, { numRuns: 3000 });
  });

  it('does many at once as if one after the other, byte for byte where there is no white space', () => {
    const value = fc.option(json);
    const property = fc.property(object, fc.array(fc.tuple(path, value), { maxLength: 6 }), (doc, changes) => {
      const body = Buffer.from(JSON.stringify(doc));
      const texts = changes.map(([parts, to]) => [written(parts), to === null ? null : JSON.stringify(to)] as const);
      let expected: Buffer | null = body;
      try {
        for (const [place, text] of texts) {
          expected = text === null ? deleteValue(expected, place) : setValue(expected, place, text);
        }
      } catch (error) {
        expect(error).toBeInstanceOf(GatewayError);
        expected = null;
      }
      const edits = texts.map(([place, text]) => ({
        path: parsePath(place),
        value: text === null ? null : Buffer.from(text),
      }));
      // What fails alone may be overtaken by what comes after it.
      if (expected !== null) expect(Buffer.concat(editJson(body, edits)).toString()).toBe(expected.toString());
    });
    fc.assert(property, { numRuns: 3000 });
  });
});

describe('what an edit does not touch', () => {
  const space = fc.string({ unit: fc.constantFrom(' ', '\n', '\r', '\t'), maxLength: 2 });
  const raw = fc.constantFrom(
    '1.50e3',
    '18446744073709551615',
    String.raw`"\u0061\/"`,
    '{ "a" :1,"a":2 }',
    '[ 1 ,2]',
    'null',
  );
  const member = fc.tuple(
    space,
    name.map((text) => JSON.stringify(text)),
    space,
    space,
    raw,
    space,
  );
  const members = fc.array(member, { minLength: 1, maxLength: 6 });

  it('keeps its bytes when a value is replaced: the first of its name', () => {
    const property = fc.property(members, fc.nat(), space, space, (list, pick, before, after) => {
      const key = list[pick % list.length]?.[1] ?? '';
      const chosen = list.findIndex((one) => one[1] === key);
      const text = (value: string | null): string => {
        const inner = list.map(([s1, k, s2, s3, v, s4], at) =>
          [s1, k, s2, ':', s3, at === chosen ? (value ?? v) : v, s4].join(''),
        );
        return `${before}{${inner.join(',')}}${after}`;
      };
      const edited = setValue(Buffer.from(text(null)), written([JSON.parse(key) as string]), '"new"');
      expect(edited.toString()).toBe(text('"new"'));
    });
    fc.assert(property, { numRuns: 1000 });
  });

  it('keeps its bytes when a value is deleted, but for one comma and the space beside it', () => {
    const property = fc.property(members, fc.nat(), (list, pick) => {
      const key = list[pick % list.length]?.[1] ?? '';
      const chosen = list.findIndex((one) => one[1] === key);
      const inner = (rows: typeof list): string =>
        rows.map(([s1, k, s2, s3, v, s4]) => [s1, k, s2, ':', s3, v, s4].join('')).join(',');
      const tail = list[chosen]?.[5] ?? '';
      const rows = list.filter((_, at) => at !== chosen);
      const left = list.map((row) => [...row] as typeof row);
      if (chosen > 0) left[chosen - 1]![5] += tail;
      const expected = rows.length === 0 ? tail : inner(left.filter((_, at) => at !== chosen));
      const edited = deleteValue(Buffer.from(`{${inner(list)}}`), written([JSON.parse(key) as string]));
      expect(edited.toString()).toBe(`{${expected}}`);
    });
    fc.assert(property, { numRuns: 1000 });
  });

  it('a body that is cut off or no JSON gives a client error or a text, never a crash', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc.tuple(object, fc.nat()).map(([doc, at]) => {
        const body = Buffer.from(JSON.stringify(doc));
        return body.subarray(0, at % (body.length + 1));
      }),
    );
    const places = fc.oneof(path.map(written), fc.constantFrom('a*', 'a.#.b', 'b.#(a==1)#.b', '?.-1'));
    const property = fc.property(bytes, places, (bits, place) => {
      for (const edit of [() => setValue(Buffer.from(bits), place, '1'), () => deleteValue(Buffer.from(bits), place)]) {
        try {
          edit();
        } catch (error) {
          expect(error).toBeInstanceOf(GatewayError);
        }
      }
    });
    fc.assert(property, { numRuns: 3000 });
  });
});
