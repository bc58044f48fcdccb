import { describe, expect, it } from 'vitest';
import { checkValue, valueText } from '../../../../src/http/filters/value-text.ts';

describe('a value of the configuration as JSON', () => {
  it.each<[string, unknown]>([
    ['1', 1],
    ['-42', -42],
    ['0', 0],
    ['18446744073709551615', 18446744073709551615n],
    ['1', 1.0],
    ['0.5', 0.5],
    ['-1.25', -1.25],
    ['0.0000001', 1e-7],
    ['-0.0000000015', -1.5e-9],
    ['1000000000000000000000', 1e21],
    ['12500000000000000000000', 1.25e22],
    ['true', true],
    ['false', false],
    ['null', null],
    ['"2024-01-02T00:00:00Z"', new Date('2024-01-02')],
    ['"2024-01-02T03:04:05.12Z"', new Date('2024-01-02T03:04:05.120Z')],
    ['"2024-01-02T03:04:10Z"', new Date('2024-01-02T03:04:10Z')],
    ['"plain"', 'plain'],
    ['""', ''],
    ['"<b> & co"', '<b> & co'],
    [String.raw`"\u003cb\u003e \"q\""`, '<b> "q"'],
    [String.raw`"é \u0026 ü"`, 'é & ü'],
    [String.raw`"a\\b"`, 'a\\b'],
    [String.raw`"a\nb\u003c"`, 'a\nb<'],
    [String.raw`"\u2028"`, '\u2028'],
    ['{"a":"x","b":1}', { b: 1, a: 'x' }],
    [String.raw`{"a":"\u003c","b":[1,{"c":1e-7,"d":null}]}`, { b: [1, { d: null, c: 1e-7 }], a: '<' }],
    ['["a",1,true,"2024-01-02T00:00:00Z"]', ['a', 1.0, true, new Date('2024-01-02')]],
    [String.raw`{"k\u003c":1}`, new Map([['k<', 1n]])],
    ['{"\uFFFD":2,"\u{10000}":1}', { '\u{10000}': 1, '\uFFFD': 2 }],
    ['{}', {}],
    ['[]', []],
  ])('%s', (text, value) => {
    expect(valueText(value)).toBe(text);
    expect(checkValue(value)).toBeNull();
  });

  it.each<[string, unknown]>([
    ['JSON has no infinity and no NaN', Infinity],
    ['JSON has no infinity and no NaN', [NaN]],
    ['JSON has no infinity and no NaN', { a: { b: -Infinity } }],
    ['every key must be text: put quotes around it', new Map<unknown, unknown>([[3, 1]])],
    ['this is no date', new Date(Number.NaN)],
    ['a undefined cannot be written as JSON', undefined],
  ])('%s', (reason, value) => {
    expect(checkValue(value)).toBe(reason);
    expect(() => valueText(value)).toThrow(TypeError);
  });
});
