import { describe, expect, it } from 'vitest';
import { errorsOf, load, problemsOf } from './load-text.ts';

const BASE = `
models:
  a: {cmd: "x \${PORT}", aliases: [al], filters: {setParamsByID: {"\${MODEL_ID}:hi": {t: 1}}}}
  b: {cmd: "x \${PORT}"}
  c: {cmd: "x \${PORT}"}
peers:
  p: {proxy: "http://p", models: [far, shared, deep/model]}
  q: {proxy: "http://q", models: [shared]}
`;
const TOGETHER = 'groups: {g: {swap: false, members: [a, b]}}';

const write = (selector: string, rest = ''): string => `${BASE}${rest}\nselectors: {s: ${selector}}`;

describe('selectors', () => {
  it('have defaults', async () => {
    const { config } = await load(write('{strategy: warm, targets: [a]}'));
    expect(config.selectors.get('s')).toEqual({
      id: 's',
      strategy: 'warm',
      targets: [{ kind: 'model', model: 'a', name: 'a' }],
      spillover: 1,
      name: '',
      description: '',
      unlisted: false,
      metadata: {},
    });
  });

  it('read everything, and resolve models, aliases, variants and models of peers', async () => {
    const { config } = await load(
      write(
        '{strategy: pin, targets: [al, "a:hi", far, p/deep/model, q/shared], settings: {spillover: 0}, name: " S ", description: d, unlisted: true, metadata: {n: "${m}", l: [~]}}',
        'macros: {m: 1}',
      ),
    );
    expect(config.selectors.get('s')).toMatchObject({
      strategy: 'pin',
      targets: [
        { kind: 'model', model: 'a', name: 'al' },
        { kind: 'model', model: 'a', name: 'a:hi' },
        { kind: 'peer', peer: 'p', model: 'far', name: 'far' },
        { kind: 'peer', peer: 'p', model: 'deep/model', name: 'p/deep/model' },
        { kind: 'peer', peer: 'q', model: 'shared', name: 'q/shared' },
      ],
      name: 'S',
      description: 'd',
      unlisted: true,
      metadata: { n: 1, l: [null] },
    });
  });

  it('may have the bare name of a model of a peer, and lead there by its full one', async () => {
    const { config } = await load(`${BASE}selectors: {far: {strategy: pin, targets: [p/far]}}`);
    expect(config.selectors.get('far')?.targets).toEqual([{ kind: 'peer', peer: 'p', model: 'far', name: 'p/far' }]);
  });

  it.each([
    ['{targets: [a]}', 's.strategy: is missing'],
    ['{strategy: pin}', 's.targets: is missing'],
    ['', 's.strategy: is missing'],
    ['{strategy: pin, targets: []}', 's.targets: is an empty list'],
    ['{strategy: Warm, targets: [a]}', 's.strategy: must be one of warm, pin, spillover, not the text "Warm"'],
    ['{strategy: pin, targets: [nope]}', 's.targets[0]: there is no model "nope"'],
    ['{strategy: pin, targets: [a, s]}', 's.targets[1]: "s" is a selector'],
    ['{strategy: pin, targets: [shared]}', 's.targets[0]: more than one peer offers "shared"'],
    [
      '{strategy: warm, targets: [a, far]}',
      's.targets[1]: "far" is a model of the peer "p": whether it is warm is not known',
    ],
    ['{strategy: spillover, targets: [a], settings: {spillover: 0}}', 's.settings.spillover: must be 1 or more, not 0'],
    ['{strategy: spillover, targets: [a, al]}', 's.targets: "a" is named twice'],
    ['{strategy: spillover, targets: [far, p/far]}', 's.targets: "p/far" is named twice'],
  ])('%s is refused', async (selector, message) => {
    expect((await errorsOf(write(selector)))[0]).toBe(`selectors.${message}`);
  });

  it('an ambiguous target is told what to write', async () => {
    expect(await problemsOf(write('{strategy: pin, targets: [shared]}'))).toMatchObject([
      { hint: 'write p/shared or q/shared', line: 10 },
    ]);
  });

  it.each([
    ['a', 'selectors.a: "a" is a selector and also a model'],
    ['al', 'selectors.al: "al" is a selector and also an alias of "a"'],
    ['a:hi', 'selectors.a:hi: "a:hi" is a selector and also an alias of "a"'],
    ['p/far', 'peers.p: "p/far" is a model of the peer "p" and also a selector'],
    ['" "', 'selectors[" "]: a selector needs an id'],
  ])('the id %s is refused', async (id, message) => {
    expect(await errorsOf(`${BASE}selectors: {${id}: {strategy: pin, targets: [b]}}`)).toEqual([message]);
  });

  it('pin and warm may name a model twice', async () => {
    expect(await errorsOf(write('{strategy: warm, targets: [a, al, a]}'))).toEqual([]);
  });
});

describe('spillover needs targets that can run together', () => {
  it.each([
    ['one group without swap', TOGETHER, '[a, b]', true],
    ['a group with swap', 'groups: {g: {members: [a, b]}}', '[a, b]', false],
    ['two groups', 'groups: {g: {swap: false, members: [a]}, h: {swap: false, members: [b]}}', '[a, b]', false],
    ['no groups', '', '[a, b]', false],
    ['a model and peers', '', '[a, far, q/shared]', true],
    ['peers alone', '', '[far, p/shared, q/shared]', true],
    ['one set of a matrix', 'matrix: {sets: {s: a & b & c}}', '[a, b]', true],
    ['two sets of a matrix', 'matrix: {sets: {s: a & c, t: b & c}}', '[a, b]', false],
  ])('%s', async (_, routing, targets, isFine) => {
    const errors = await errorsOf(write(`{strategy: spillover, targets: ${targets}}`, routing));
    expect(errors).toEqual(isFine ? [] : ['selectors.s.targets: the models "a", "b" cannot run together']);
  });

  it('a matrix of a million combinations is no obstacle', async () => {
    const ids = Array.from({ length: 70 }, (_, index) => `m${index}`);
    const models = Object.fromEntries(ids.map((id) => [id, { cmd: 'x ${PORT}' }]));
    const pairs = Array.from({ length: 35 }, (_, index) => `(m${2 * index} | m${2 * index + 1})`);
    const source = (targets: string[]) => ({
      models,
      matrix: { sets: { huge: pairs.join(' & ') } },
      selectors: { s: { strategy: 'spillover', targets } },
    });
    expect(await errorsOf(source(['m0', 'm2', 'm69']))).toEqual([]);
    expect(await errorsOf(source(['m0', 'm1']))).toHaveLength(1);
  });

  it('is not complained about when the matrix itself is wrong', async () => {
    const text = write('{strategy: spillover, targets: [a, b]}', 'matrix: {sets: {s: nope}}');
    expect(await errorsOf(text)).toEqual(['matrix.sets.s: matrix: set "s": unknown var or model "nope"']);
  });
});
