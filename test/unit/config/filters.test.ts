import { describe, expect, it } from 'vitest';
import type { FiltersConfig } from '../../../src/config/types.ts';
import { errorsOf, load, loadModel, warningsOf } from './load-text.ts';

const write = (filters: string, rest = ''): string =>
  `${rest}\nmodels:\n  a:\n    cmd: x \${PORT}\n    filters: ${filters}\n`;
const filtersOf = async (filters: string, rest = ''): Promise<FiltersConfig> =>
  (await loadModel(write(filters, rest))).filters;

describe('filters.stripParams', () => {
  it.each([
    ['""', []],
    ['one', ['one']],
    ['"b, a ,, a,  c"', ['a', 'b', 'c']],
    ['"model"', []],
    ['"model, a"', ['a']],
    ['1', ['1']],
    ['${list}', ['x', 'y']],
  ])('%s', async (list, stripParams) => {
    expect((await filtersOf(`{stripParams: ${list}}`, 'macros: {list: "y, x"}')).stripParams).toEqual(stripParams);
  });

  it('strip_params stands in for it, with macros', async () => {
    expect((await filtersOf('{strip_params: "${x}"}', 'macros: {x: "b,a"}')).stripParams).toEqual(['a', 'b']);
    expect((await filtersOf('{stripParams: " ", strip_params: a}')).stripParams).toEqual(['a']);
    expect((await filtersOf('{stripParams: b, strip_params: a}')).stripParams).toEqual(['b']);
  });

  it('what would fail at every request is refused', async () => {
    expect(await errorsOf(write('{stripParams: [a]}'))).toEqual([
      'models.a.filters.stripParams: must be text, not a list',
    ]);
    expect(await errorsOf(write('{stripParams: "a.*"}'))).toEqual([
      'models.a.filters.stripParams: holds a * ? # | or @, and cannot say what to take out',
    ]);
    expect(await errorsOf(write("{stripParams: 'a\\*b'}"))).toEqual([]);
    expect(await errorsOf(write('{stripParams: "${x}"}'))).toEqual([
      "models.a.filters.stripParams: unknown macro '${x}'",
    ]);
  });

  it('D8: that the model is never taken out is said', async () => {
    expect(await warningsOf(write('{stripParams: "model, a", setParams: {model: b}}'))).toEqual([
      'models.a.filters.stripParams: "model" is never taken out; take it out of the list',
      'models.a.filters.setParams.model: is never changed by a filter; take it out',
    ]);
  });
});

describe('filters.setParams', () => {
  it('keeps types, nesting, empty values and all digits', async () => {
    const { setParams } = await filtersOf(
      '{setParams: {i: 1, f: 0.5, t: "1", n: ~, l: [1, ~, {x: ~}], big: 9223372036854775807, huge: 1e300, m: "${n}", model: x}}',
      'macros: {n: 7}',
    );
    expect(setParams).toEqual({
      i: 1,
      f: 0.5,
      t: '1',
      n: null,
      l: [1, null, { x: null }],
      big: 9_223_372_036_854_775_807n,
      huge: 1e300,
      m: 7,
    });
  });

  it.each([
    ['{setParams: {a: .inf}}', 'setParams.a: is a number that JSON does not have'],
    ['{setParams: {a: [.nan]}}', 'setParams.a[0]: is a number that JSON does not have'],
    ['{setParams: {"": 1}}', 'setParams[""]: a key is empty'],
    ['{setParams: [a]}', 'setParams: must be a mapping of keys to values, not a list'],
    ['{setParamsByID: {x: 1}}', 'setParamsByID.x: must be a mapping of keys to values, not 1'],
    ['{setParamsByID: {"": {}}}', 'setParamsByID[""]: a name is empty'],
  ])('%s is refused', async (filters, message) => {
    expect(await errorsOf(write(filters))).toEqual([`models.a.filters.${message}`]);
  });
});

describe('filters.setParamsByID', () => {
  it('has keys with macros, the port among them, that become aliases after those written', async () => {
    const text = `
macros: {hi: high}
models:
  a:
    cmd: x \${PORT}
    aliases: [al, "a:low"]
    filters:
      setParamsByID:
        "\${MODEL_ID}": {e: mid}
        "\${MODEL_ID}:\${hi}": {e: "\${hi}", model: x}
        "a:low": {e: low}
        "on-\${PORT}":
`;
    const model = await loadModel(text);
    expect(model.filters.setParamsById).toEqual({
      a: { e: 'mid' },
      'a:high': { e: 'high' },
      'a:low': { e: 'low' },
      'on-5800': {},
    });
    expect(model.aliases).toEqual(['al', 'a:low', 'a:high', 'on-5800']);
    expect((await load(text)).config.aliases).toEqual(
      new Map([
        ['al', 'a'],
        ['a:low', 'a'],
        ['a:high', 'a'],
        ['on-5800', 'a'],
      ]),
    );
  });

  it('two keys that come out the same are refused', async () => {
    expect(await errorsOf(write('{setParamsByID: {"${MODEL_ID}:x": {}, "a:x": {}}}'))).toEqual([
      'models.a.filters.setParamsByID.a:x: is "a:x" with its macros expanded, like another key here',
    ]);
  });

  it('an unknown macro in a key is refused', async () => {
    expect(await errorsOf(write('{setParamsByID: {"${x}": {}}}'))).toEqual([
      'models.a.filters.setParamsByID["${x}"]: unknown macro \'${x}\'',
    ]);
  });

  it.each([
    [
      'b: {cmd: "x ${PORT}"}',
      'the id of another model',
      'models.a.filters.setParamsByID.b: "b" is the id of another model, which gets the requests',
    ],
    [
      'z: {cmd: "x ${PORT}", aliases: [b]}',
      'an alias of another model',
      'models.z.aliases[0]: the alias "b" already belongs to model "a"',
    ],
    [
      'z: {cmd: "x ${PORT}", filters: {setParamsByID: {b: {}}}}',
      'a variant of another model',
      'models.z.filters.setParamsByID.b: the alias "b" already belongs to model "a"',
    ],
  ])('%s is %s', async (other, _, message) => {
    expect(await errorsOf(`${write('{setParamsByID: {b: {t: 1}}}')}  ${other}\n`)).toEqual([message]);
  });

  it('other keys stay as they are written', async () => {
    const { config } = await load(
      'macros: {k: v}\nmodels: {a: {cmd: "x ${PORT}", metadata: {"${k}": "${k}"}, filters: {setParams: {"${k}": "${k}"}}}}',
    );
    expect(config.models.get('a')).toMatchObject({
      metadata: { '${k}': 'v' },
      filters: { setParams: { '${k}': 'v' } },
    });
  });
});
