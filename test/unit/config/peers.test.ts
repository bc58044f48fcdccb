import { describe, expect, it } from 'vitest';
import { findPeerModel, peerNames } from '../../../src/config/peer-names.ts';
import { errorsOf, load, loadModel, problemsOf, warningsOf } from './load-text.ts';

const MODEL = 'models: {local: {cmd: "x ${PORT}", aliases: [al], filters: {setParamsByID: {"v:1": {t: 1}}}}}';
const write = (peers: string): string => `${MODEL}\npeers: ${peers}`;

describe('peers', () => {
  it('have defaults', async () => {
    const { config } = await load(write('{p: {proxy: "https://h.example:8443/api/", models: [m, n, m]}}'));
    expect(config.peers.get('p')).toEqual({
      id: 'p',
      upstream: {
        url: 'https://h.example:8443/api/',
        protocol: 'https:',
        hostname: 'h.example',
        port: 8443,
        basePath: '/api',
      },
      models: ['m', 'n'],
      discover: false,
      apiKey: null,
      filters: { stripParams: [], setParams: {}, setParamsById: {} },
      timeouts: {
        connectMs: 30_000,
        tlsHandshakeMs: 10_000,
        keepAliveMs: 30_000,
        responseHeaderMs: 60_000,
        idleConnectionMs: 90_000,
      },
    });
  });

  it('read keys, filters and timeouts, with macros and the environment', async () => {
    const { config } = await load(
      `macros: {n: 5}\n${write(
        '{p: {proxy: "http://p", models: [m], apiKey: "${env.KEY}", filters: {stripParams: "${env.STRIP}", setParams: {n: "${n}", text: "${env.KEY}"}, setParamsByID: {m: {x: 1}}}, timeouts: {responseHeader: 0, connect: 1}}}',
      )}`,
      { env: { KEY: 'k', STRIP: 'a' } },
    );
    expect(config.peers.get('p')).toMatchObject({
      apiKey: 'k',
      filters: { stripParams: ['a'], setParams: { n: 5, text: 'k' }, setParamsById: { m: { x: 1 } } },
      timeouts: { connectMs: 1000, responseHeaderMs: 0, idleConnectionMs: 90_000 },
    });
    // A name with parameters of its own is an alias of a model of our own only.
    expect([...config.aliases.keys()]).toEqual(['al', 'v:1']);
  });

  it.each([
    ['{p: {models: [m]}}', 'peers.p.proxy: is missing'],
    ['{p: {proxy: "", models: [m]}}', 'peers.p.proxy: must be a URL that starts with http:// or https://'],
    ['{p: {proxy: "10.0.0.1:80", models: [m]}}', 'peers.p.proxy: must be a URL that starts with http:// or https://'],
    ['{p: {proxy: "http://p"}}', 'peers.p.models: is missing'],
    ['{p: {proxy: "http://p", models: []}}', 'peers.p.models: is an empty list'],
    ['{p: {proxy: "http://p", models: [m, ""]}}', 'peers.p.models[1]: is empty'],
    ['{p: {proxy: "${x}", models: [m]}}', "peers.p.proxy: unknown macro '${x}'"],
    ['{"": {proxy: "http://p", models: [m]}}', 'peers[""]: a peer needs an id'],
  ])('%s is refused', async (peers, message) => {
    expect(await errorsOf(write(peers))).toEqual([message]);
  });

  it.each([
    ['{p: {proxy: "http://p", discover: true}}', []],
    ['{p: {proxy: "http://p", discover: true, models: []}}', []],
    ['{p: {proxy: "http://p", discover: "${yes}", models: [m]}}', ['m']],
  ])('D10: with discover the models need not be written: %s', async (peers, models) => {
    const { config, warnings } = await load(`macros: {yes: true}\n${write(peers)}`);
    expect(config.peers.get('p')).toMatchObject({ discover: true, models });
    expect(warnings).toEqual([]);
  });

  it.each([
    ['{p: {proxy: "http://p", discover: false}}', 'peers.p.models: is missing'],
    ['{p: {proxy: "http://p", discover: 1}}', 'peers.p.discover: must be true or false, not 1'],
    ['{p: {proxy: "http://p", discover: true, models: [""]}}', 'peers.p.models[0]: is empty'],
  ])('D10: %s is refused', async (peers, message) => {
    expect(await errorsOf(write(peers))).toContain(message);
  });

  it('D10: what leads to a model of a peer must not count on its being discovered, and says what to write', async () => {
    const peers = '{p: {proxy: "http://p", discover: true, models: [m]}}';
    const selector = (target: string): string =>
      `${write(peers)}\nselectors: {s: {strategy: pin, targets: [${target}]}}`;
    expect(await errorsOf(selector('p/m'))).toEqual([]);
    const [problem] = await problemsOf(selector('p/other'));
    expect(problem).toMatchObject({
      message: 'there is no model "p/other"',
      hint: 'put its name into peers.p.models: discovered models are no targets',
    });
  });

  it('the old spelling of stripParams is not read here, and that is said', async () => {
    expect(await warningsOf(write('{p: {proxy: "http://p", models: [m], filters: {strip_params: a}}}'))).toEqual([
      'peers.p.filters.strip_params: is not a known key and has no effect; did you mean stripParams?',
    ]);
  });

  it('alone are a configuration, too', async () => {
    expect(await warningsOf('peers: {p: {proxy: "http://p", models: [m]}}')).toEqual([]);
  });
});

describe('the names of models of peers', () => {
  const report = { error: () => {}, warning: () => {}, shown: () => '' };
  const namesOf = async (peers: string) => peerNames((await load(write(peers))).config.peers, report);

  it('full ones always lead there, bare ones when one peer has them', async () => {
    const names = await namesOf(
      '{p: {proxy: "http://p", models: [far, shared, deep/model]}, q: {proxy: "http://q", models: [shared, p/far]}}',
    );
    expect(findPeerModel('p/deep/model', names)).toEqual({ peer: 'p', model: 'deep/model' });
    expect(findPeerModel('deep/model', names)).toEqual({ peer: 'p', model: 'deep/model' });
    expect(findPeerModel('q/shared', names)).toEqual({ peer: 'q', model: 'shared' });
    expect(findPeerModel('shared', names)).toBe(null);
    expect(findPeerModel('nope', names)).toBe(null);
    // A full name wins over a bare one with the same text.
    expect(findPeerModel('p/far', names)).toEqual({ peer: 'p', model: 'far' });
    expect(findPeerModel('q/p/far', names)).toEqual({ peer: 'q', model: 'p/far' });
  });

  it('that mean two models are refused', async () => {
    expect(
      await errorsOf(write('{a: {proxy: "http://p", models: [b/c]}, a/b: {proxy: "http://q", models: [c]}}')),
    ).toEqual(['peers.a/b: "a/b/c" means the model "c" here, and "b/c" of peer "a"']);
  });

  it.each([
    ['a model', 'models: {p/m: {cmd: "x ${PORT}"}}', 'a model of your own'],
    ['an alias', 'models: {a: {cmd: "x ${PORT}", aliases: [p/m]}}', 'an alias of "a"'],
    ['a variant', 'models: {a: {cmd: "x ${PORT}", filters: {setParamsByID: {p/m: {}}}}}', 'an alias of "a"'],
  ])('that are %s as well are refused', async (_, models, other) => {
    expect(await errorsOf(`${models}\npeers: {p: {proxy: "http://p", models: [m]}}`)).toEqual([
      `peers.p: "p/m" is a model of the peer "p" and also ${other}`,
    ]);
  });

  it('that are a member of a profile as well are refused', async () => {
    expect(
      await errorsOf(`${write('{team: {proxy: "http://p", models: [local]}}')}\nprofiles: {team: [local]}`),
    ).toEqual(['profiles.team: "team/local" is a member of this profile and also one of a peer']);
  });

  it('may be those of models of our own, bare', async () => {
    expect(await errorsOf(write('{p: {proxy: "http://p", models: [local, al]}}'))).toEqual([]);
    expect(await loadModel(write('{p: {proxy: "http://p", models: [local]}}'))).toMatchObject({ id: 'local' });
  });
});
