import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findModel } from '../../src/http/body/find-model.ts';

/** What the scanner must agree with. */
function byParsing(text: string): unknown {
  const value: unknown = JSON.parse(text);
  return Object.hasOwn(value as object, 'model') ? (value as { model: unknown }).model : undefined;
}

function agrees(text: string): boolean {
  const body = Buffer.from(text);
  const scan = findModel(body);
  const model = byParsing(text);
  if (typeof model !== 'string')
    return scan.kind === (model === undefined || model === null ? 'missing' : 'not-a-string');
  if (scan.kind !== 'found') return false;
  return scan.model === model && JSON.parse(body.toString('utf8', scan.start, scan.end)) === model;
}

const space = fc.string({ unit: fc.constantFrom(' ', '\n', '\r', '\t'), maxLength: 3 });

/** A JSON string in which any character may be written as an escape. */
function encoded(text: string, escapes: readonly boolean[]): string {
  let out = '"';
  for (let at = 0; at < text.length; at += 1) {
    out +=
      escapes[at % Math.max(escapes.length, 1)] === true
        ? `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`
        : JSON.stringify(text[at]).slice(1, -1);
  }
  return `${out}"`;
}

const key = fc
  .tuple(
    fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom('model', 'stream', 'Model', 'models', '__proto__', '') },
      fc.string({ unit: 'binary' }),
    ),
    fc.array(fc.boolean()),
  )
  .map(([text, escapes]) => encoded(text, escapes));

const value = fc.oneof(
  fc.tuple(fc.string({ unit: 'binary' }), fc.array(fc.boolean())).map(([text, escapes]) => encoded(text, escapes)),
  fc.json({ maxDepth: 4 }),
  fc.constantFrom('null', 'true', '-1.5e3', '{"model":"inner"}', '[{"model":"inner"}]', '"\\\\"', '"\\""', '"}"'),
);

type Member = readonly [key: string, value: string, spaces: readonly string[]];
const members = fc.array(fc.tuple(key, value, fc.array(space, { minLength: 4, maxLength: 4 })), { maxLength: 8 });
const modelsIn = (all: readonly Member[]): number => all.filter(([k]) => JSON.parse(k) === 'model').length;
const write = (all: readonly Member[]): string =>
  `{${all.map(([k, v, s]) => `${s[0]}${k}${s[1]}:${s[2]}${v}${s[3]}`).join(',')}}`;
const object = members.filter((all) => modelsIn(all) < 2).map(write);

describe('findModel against JSON.parse', () => {
  it('reads the same model from any object: white space, escapes, nesting, other keys twice', () => {
    const property = fc.property(space, object, space, (before, text, after) => agrees(before + text + after));
    expect(() => fc.assert(property, { numRuns: 3000 })).not.toThrow();
  });

  it('notices every second model', () => {
    const twice = members.filter((all) => modelsIn(all) > 1).map(write);
    const property = fc.property(twice, (text) => findModel(Buffer.from(text)).kind === 'repeated');
    expect(() => fc.assert(property, { numRuns: 300 })).not.toThrow();
  });

  it('reads the same model from what JSON.stringify writes', () => {
    const property = fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue(), (rest, model) => {
      const value = { ...rest, model };
      return agrees(JSON.stringify(value)) && agrees(JSON.stringify(value, null, 2));
    });
    expect(() => fc.assert(property, { numRuns: 1000 })).not.toThrow();
  });

  it('answers for any bytes, and never with a range outside of them', () => {
    const cutObject = fc
      .tuple(object, fc.nat())
      .map(([text, cut]) => Buffer.from(text).subarray(0, cut % (Buffer.byteLength(text) + 1)));
    const property = fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), cutObject), (raw) => {
      const body = Buffer.from(raw);
      const scan = findModel(body);
      return scan.kind !== 'found' || (scan.start < scan.end && scan.end <= body.length);
    });
    expect(() => fc.assert(property, { numRuns: 2000 })).not.toThrow();
  });
});
