import { describe, expect, it } from 'vitest';
import { configSchema } from '../../../src/config/schema.ts';
import { load, loadModel, summaryOf, warningsOf } from './load-text.ts';

describe('unknown keys', () => {
  it('D8: are not swallowed: a warning says where, and what was probably meant', async () => {
    const text = `
healthchecktimeout: 60
models:
  a:
    cmd: srv \${PORT}
    TTL: 5
    cmd_stop: x
    checkendpoint: /x
    timeouts: {conect: 5}
    zzzzzz: 1
defs: {a: 1}
`;
    expect(await summaryOf(text)).toEqual([
      'warning 2:1 healthchecktimeout: is not a known key and has no effect',
      'warning 6:5 models.a.TTL: is not a known key and has no effect',
      'warning 7:5 models.a.cmd_stop: is not a known key and has no effect',
      'warning 8:5 models.a.checkendpoint: is not a known key and has no effect',
      'warning 9:16 models.a.timeouts.conect: is not a known key and has no effect',
      'warning 10:5 models.a.zzzzzz: is not a known key and has no effect',
      'warning 11:1 defs: is not a known key and has no effect',
    ]);
    expect((await warningsOf(text)).map((line) => line.split('; ').slice(1).join('; '))).toEqual([
      'did you mean healthCheckTimeout?',
      'did you mean ttl?',
      'did you mean cmdStop?',
      'did you mean checkEndpoint?',
      'did you mean connect?',
      'take it out',
      'take it out; YAML anchors can be kept under x-defs',
    ]);
    expect(await loadModel(text)).toMatchObject({ ttlMs: 0, healthTimeoutMs: 120_000 });
  });

  it('x- keys at the top are room for anchors', async () => {
    expect(await warningsOf('x-defs: {a: 1}\nmodels: {a: {cmd: "x ${PORT}"}}')).toEqual([]);
  });
});

describe('keys of the first llama-swap', () => {
  it('timeouts.expectContinue, the only one without effect, gets a warning that says why', async () => {
    const why =
      'has no effect: the gateway itself answers clients that ask before they send a body, and asks no upstream';
    const text = 'models: {a: {cmd: "x ${PORT}", timeouts: {tlsHandshake: 0, expectContinue: 1, connect: 5}}}';
    expect(await warningsOf(text)).toEqual([`models.a.timeouts.expectContinue: ${why}; take it out`]);
    expect(await warningsOf('peers: {p: {proxy: "http://p", models: [m], timeouts: {expectContinue: 2}}}')).toEqual([
      `peers.p.timeouts.expectContinue: ${why}; take it out`,
    ]);
    // Once for models and once for peers.
    expect(JSON.stringify(configSchema).match(/"x-noEffect"/g)).toHaveLength(2);
  });

  it('need no warning when they are empty', async () => {
    const text =
      'models: {a: {cmd: "x ${PORT}", filters: {}, capabilities: {}, compat: ~}}\ngroups:\nselectors: {}\nstore: ~\napiKeys: []\nrouting: {}\npeers: {}\n';
    expect(await warningsOf(text)).toEqual([]);
  });

  it('D8: an entry without anything in it is not swallowed', async () => {
    expect(await warningsOf('models: {a: {cmd: "x ${PORT}"}}\ngroups: {g: }\npeers: {p: ~}')).toEqual([
      'groups.g: is empty and has no effect; take it out, or fill it in',
      'peers.p: is empty and has no effect; take it out, or fill it in',
    ]);
  });

  it('logRequests, once without effect, works', async () => {
    expect((await load('logRequests: true')).config.logRequests).toBe(true);
  });
});
