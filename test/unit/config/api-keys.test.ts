import { describe, expect, it } from 'vitest';
import type { AllowedConfig, KeyConfig } from '../../../src/config/types.ts';
import { errorsOf, load, problemsOf, summaryOf } from './load-text.ts';

const BASE = `
models:
  a: {cmd: "x \${PORT}", aliases: [al], filters: {setParamsByID: {"a:hi": {t: 1}}}}
  b: {cmd: "x \${PORT}"}
  c: {cmd: "x \${PORT}"}
  team: {cmd: "x \${PORT}"}
peers:
  p: {proxy: "http://p", models: [far, shared]}
  q: {proxy: "http://q", models: [shared]}
selectors: {sel: {strategy: pin, targets: [b, p/far]}, far: {strategy: pin, targets: [p/far]}}
profiles:
  pair: [a, b]
  team: [b, c]
  day: {pins: {chat: c, fast: sel, off: ~, away: q/shared}}
`;

async function keysOf(list: string, env: Record<string, string> = {}): Promise<readonly KeyConfig[]> {
  return (await load(`${BASE}apiKeys: ${list}`, { env })).config.auth.keys;
}

async function allowedBy(models: string): Promise<AllowedConfig | null | undefined> {
  const [key] = await keysOf(`[{key: k, models: ${models}}]`);
  return key?.allowed;
}

const plain = { name: null, allowed: null, isAdmin: true, concurrencyLimit: null };

describe('X1: an item of apiKeys', () => {
  it('X1: may be a mapping that says what the key is for, beside plain ones that are for everything', async () => {
    const keys = await keysOf(
      '[one, {key: two, name: " alice ", models: [a], concurrencyLimit: 4, admin: yes}, {key: three, name: bob}]',
    );
    expect(keys).toEqual([
      { ...plain, key: 'one' },
      {
        key: 'two',
        name: 'alice',
        allowed: { models: ['a'], peerModels: [], peers: [], selectors: [] },
        isAdmin: true,
        concurrencyLimit: 4,
      },
      { ...plain, key: 'three', name: 'bob' },
    ]);
    expect(Object.isFrozen(keys[1]?.allowed?.models)).toBe(true);
  });

  it('X1: without a name is called by its place, never by a part of the key', async () => {
    const keys = await keysOf('[one, {key: sk-123456}, {key: sk-234567, name: " "}]');
    expect(keys.map(({ name }) => name)).toEqual([null, 'key-2', 'key-3']);
  });

  it.each([
    ['{key: k}', true],
    ['{key: k, concurrencyLimit: 1}', true],
    ['{key: k, models: [a]}', false],
    ['{key: k, models: []}', false],
    ['{key: k, models: [a], admin: true}', true],
    ['{key: k, admin: false}', false],
    ['{key: k, admin: }', true],
  ])('X1: %s looks after the gateway: %s', async (item, isAdmin) => {
    expect(await keysOf(`[${item}]`)).toMatchObject([{ isAdmin }]);
  });

  it.each([
    ['0', null],
    ['-1', null],
    ['1', 1],
    ['"${env.LIMIT}"', 7],
  ])('X1: concurrencyLimit: %s is %s', async (limit, expected) => {
    expect(await keysOf(`[{key: k, concurrencyLimit: ${limit.replaceAll('"', '')}}]`, { LIMIT: '7' })).toMatchObject([
      { concurrencyLimit: expected },
    ]);
  });

  it('X1: takes macros and the environment in every key', async () => {
    const text = `${BASE}macros: {who: al, many: 3, no: false}
apiKeys:
  - key: \${env.ALICE_KEY}
    name: \${who}ice
    models: ["\${who}", "\${env.MODEL}"]
    concurrencyLimit: \${many}
    admin: \${no}
`;
    const { config, warnings } = await load(text, { env: { ALICE_KEY: 'sk:"#1"', MODEL: 'b' } });
    expect(warnings).toEqual([]);
    expect(config.auth.keys).toEqual([
      {
        key: 'sk:"#1"',
        name: 'alice',
        allowed: { models: ['a', 'b'], peerModels: [], peers: [], selectors: [] },
        isAdmin: false,
        concurrencyLimit: 3,
      },
    ]);
  });
});

describe('X1: models of a key', () => {
  const none = { models: [], peerModels: [], peers: [], selectors: [] };

  it.each<[string, Partial<AllowedConfig>]>([
    ['[]', {}],
    ['[a, a]', { models: ['a'] }],
    ['[al]', { models: ['a'] }],
    ['["a:hi"]', { models: ['a'] }],
    ['[sel]', { selectors: ['sel'] }],
    ['[p/far]', { peerModels: ['p/far'] }],
    ['[p/shared, q/shared]', { peerModels: ['p/shared', 'q/shared'] }],
    ['[pair]', { models: ['a', 'b'] }],
    ['[day]', { models: ['c'], peerModels: ['q/shared'], selectors: ['sel'] }],
    ['[p]', { peers: ['p'] }],
    ['[c, sel, q]', { models: ['c'], peers: ['q'], selectors: ['sel'] }],
    // As for requests: a selector comes before a peer's model, a model before a profile.
    ['[far]', { selectors: ['far'] }],
    ['[team]', { models: ['team'] }],
  ])('X1: %s means %j', async (models, expected) => {
    expect(await allowedBy(models)).toEqual({ ...none, ...expected });
  });

  it.each([
    ['[nope]', 'apiKeys[0].models[0]: there is no model "nope"'],
    ['[a, " b"]', 'apiKeys[0].models[1]: there is no model " b"'],
    ['[shared]', 'apiKeys[0].models[0]: more than one peer offers "shared"'],
    ['["pair:a"]', 'apiKeys[0].models[0]: there is no model "pair:a"'],
    ['[chat]', 'apiKeys[0].models[0]: "chat" is a name that the profile "day" pins'],
    ['[""]', 'apiKeys[0].models[0]: is empty'],
    ['["*"]', 'apiKeys[0].models[0]: there is no model "*"'],
    ['a', 'apiKeys[0].models: must be a list, not the text "a"'],
    ['{a: b}', 'apiKeys[0].models: must be a list, not a mapping'],
  ])('X1: %s is refused', async (models, message) => {
    expect(await errorsOf(`${BASE}apiKeys: [{key: k, models: ${models}}]`)).toEqual([message]);
  });

  describe('where a peer has discover', () => {
    const base = BASE.replace('models: [far, shared]}', 'models: [far, shared], discover: true}').replace(
      'pins: {chat: c,',
      'pins: {chat: c, p/night: c,',
    );

    it.each<[string, Partial<AllowedConfig>]>([
      ['[p/later]', { peerModels: ['p/later'] }],
      ['[p/org/later, p/far, far]', { peerModels: ['p/org/later', 'p/far'], selectors: ['far'] }],
      ['[p]', { peers: ['p'] }],
      ['[p, p/later]', { peerModels: ['p/later'], peers: ['p'] }],
    ])('X1/D10: %s means %j, without a warning', async (models, expected) => {
      const { config, warnings } = await load(`${base}apiKeys: [{key: k, models: ${models}}]`);
      expect(config.auth.keys[0]?.allowed).toEqual({ ...none, ...expected });
      expect(warnings).toEqual([]);
    });

    it.each([
      // Bare, it may become the name of anybody's model.
      ['[later]', 'apiKeys[0].models[0]: there is no model "later"'],
      ['[q/later]', 'apiKeys[0].models[0]: there is no model "q/later"'],
      ['[p/]', 'apiKeys[0].models[0]: there is no model "p/"'],
      ['[p/night]', 'apiKeys[0].models[0]: "p/night" is a name that the profile "day" pins'],
      ['[shared]', 'apiKeys[0].models[0]: more than one peer offers "shared"'],
    ])('X1/D10: %s is refused', async (models, message) => {
      expect(await errorsOf(`${base}apiKeys: [{key: k, models: ${models}}]`)).toEqual([message]);
    });
  });

  it('X1: items from the environment that are empty are left out, with a warning, and allow nothing', async () => {
    const text = `${BASE}apiKeys: [{key: k, models: [~, "\${env.A}", a, \${env.EMPTY}]}]`;
    const { config, warnings } = await load(text, { env: { A: 'b', EMPTY: '' } });
    expect(config.auth.keys[0]?.allowed?.models).toEqual(['b', 'a']);
    expect(warnings.map(({ path }) => path)).toEqual(['apiKeys[0].models[0]', 'apiKeys[0].models[3]']);
    const nothing = await load(`${BASE}apiKeys: [{key: k, models: [\${env.EMPTY}]}]`, { env: { EMPTY: '' } });
    expect(nothing.config.auth.keys[0]?.allowed).toEqual(none);
  });

  it('X1: without a value is no key for everything', async () => {
    for (const models of ['', '~', '${env.EMPTY}']) {
      const errors = await errorsOf(`${BASE}apiKeys:\n  - key: k\n    models: ${models}\n`, { env: { EMPTY: '' } });
      expect(errors).toEqual(['apiKeys[0].models: is empty']);
    }
  });

  it('X1: a name is no error of its own where the model has one', async () => {
    const text = 'models: {a: {cmd: ""}}\napiKeys: [{key: k, models: [a]}]';
    expect(await errorsOf(text)).not.toContainEqual(expect.stringContaining('apiKeys'));
  });
});

describe('X1: problems of keys', () => {
  it.each([
    ['{name: x}', 'apiKeys[0].key: is missing'],
    ['{key: }', 'apiKeys[0].key: is empty'],
    ['{key: ""}', 'apiKeys[0].key: is empty'],
    ['{key: ~}', 'apiKeys[0].key: is empty'],
    ['{key: "k k"}', 'apiKeys[0].key: holds a space'],
    ['{key: [k]}', 'apiKeys[0].key: must be text, not a list'],
    ['{key: k, concurrencyLimit: 1.5}', 'apiKeys[0].concurrencyLimit: must be a whole number, not 1.5'],
    ['{key: k, admin: perhaps}', 'apiKeys[0].admin: must be true or false, not the text "perhaps"'],
    ['{key: alice, name: alice}', 'apiKeys[0].name: holds the key, which must not be shown'],
    ['{key: sk-1234, name: "of sk-1234"}', 'apiKeys[0].name: holds the key, which must not be shown'],
    ['{key: k, name: "a\\nb"}', 'apiKeys[0].name: holds a character that cannot be printed'],
    ['{key: k, name: "a\\u2028b"}', 'apiKeys[0].name: holds a character that cannot be printed'],
    ['[k]', 'apiKeys[0]: must be text, not a list'],
    ['[]', 'apiKeys[0]: must be text, not a list'],
    ['{}', 'apiKeys[0].key: is missing'],
  ])('X1: %s is refused', async (item, message) => {
    expect(await errorsOf(`apiKeys: [${item}]`)).toEqual([message]);
  });

  it('X1: an empty key from the environment opens nothing, and is said with its place', async () => {
    const text = 'apiKeys:\n  - one\n  - name: x\n    key: ${env.EMPTY}\n';
    const summary = await summaryOf(text, { env: { EMPTY: '' } });
    expect(summary).toContain('error 4:5 apiKeys[1].key: is empty');
    expect(await errorsOf(text)).toEqual(['apiKeys[1].key: the environment variable EMPTY is not set']);
  });

  it.each([
    ['[k, {key: k}]', 'apiKeys[1].key: is the same key as apiKeys[0]'],
    ['[{key: k}, k]', 'apiKeys[1]: is the same key as apiKeys[0]'],
    ['[x, {key: k, models: []}, {key: "${env.K}", admin: true}]', 'apiKeys[2].key: is the same key as apiKeys[1]'],
    ['[{key: k, name: x}, {key: l, name: x}]', 'apiKeys[1].name: another key has the name "x"'],
    ['[{key: k, name: "${env.K}x"}, {key: l, name: kx}]', 'apiKeys[1].name: another key has the name "kx"'],
    ['[{key: k, name: kx}, {key: l, name: "${env.K}x"}]', 'apiKeys[1].name: another key has the name "${env.K}x"'],
    ['[{key: k, name: key-2}, {key: l}]', 'apiKeys[1]: another key has the name "key-2"'],
  ])('X1: %s is ambiguous', async (list, message) => {
    expect(await errorsOf(`apiKeys: ${list}`, { env: { K: 'k' } })).toEqual([message]);
  });

  it('X1: a slip in a mapping is an error: it would allow more than was meant, and may be the key itself', async () => {
    const problems = await problemsOf(`${BASE}apiKeys:\n  - key: k\n    model: [a]\n  - {key: l, sk-123456: x}\n`);
    expect(problems).toMatchObject([
      { severity: 'error', line: 17, column: 5, path: 'apiKeys[0]', hint: 'did you mean models?' },
      { severity: 'error', line: 18, column: 14, path: 'apiKeys[1]' },
    ]);
    expect(JSON.stringify(problems)).not.toContain('sk-123456');
  });

  it('X1: no key is ever shown', async () => {
    const secret = 'sk-what-nobody-may-see';
    const items = [
      '{key: "${env.K} x"}',
      '{key: "${env.K}", name: "my ${env.K}"}',
      '{key: "${env.K}", models: ["${env.K}", nope]}',
      '{key: "${env.K}", concurrencyLimit: x}',
      '"${env.K}", {key: "${env.K}"}',
      '{key: "${env.K}", kye: "${env.K}"}',
    ];
    for (const item of items) {
      const problems = await problemsOf(`${BASE}apiKeys: [${item}]`, { env: { K: secret } });
      expect(problems.length).toBeGreaterThan(0);
      expect(JSON.stringify(problems)).not.toContain(secret);
    }
  });
});
