import { describe, expect, it } from 'vitest';
import { configSchema } from '../../../src/config/schema.ts';
import { errorsOf, load, loadModel, summaryOf, warningsOf } from './load-text.ts';

const NO_EFFECT = 'is known, but has no effect in this version; take it out, or keep it for later';

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

describe('keys of the first llama-swap without effect yet', () => {
  const notYet = (properties: typeof configSchema.properties): string[] =>
    Object.entries(properties ?? {}).flatMap(([key, schema]) => (schema['x-notYet'] ? [key] : []));
  const model = configSchema.properties?.['models']?.additionalProperties;
  const modelKeys = notYet(typeof model === 'object' ? model.properties : {});
  const topKeys = notYet(configSchema.properties).filter((key) => key !== 'apiKeys');

  it('are these', () => {
    expect(topKeys).toEqual([
      'captureBuffer',
      'groups',
      'hooks',
      'includeAliasesInList',
      'logTimeFormat',
      'logToStdout',
      'matrix',
      'metricsMaxInMemory',
      'peers',
      'performance',
      'routing',
      'selectors',
      'sendLoadingState',
      'store',
      'ui',
      'upstream',
    ]);
    expect(modelKeys).toEqual(['filters', 'capabilities', 'compat', 'sendLoadingState']);
  });

  it.each(topKeys)('%s is recognised and reported', async (key) => {
    const text = `models: {a: {cmd: "x \${PORT}"}}\n${key}: {some: {thing: [1]}}`;
    expect(await warningsOf(text)).toEqual([`${key}: ${NO_EFFECT}`]);
  });

  it.each(modelKeys)('models.a.%s is recognised and reported', async (key) => {
    expect(await warningsOf(`models: {a: {cmd: "x \${PORT}", ${key}: {some: thing}}}`)).toEqual([
      `models.a.${key}: ${NO_EFFECT}`,
    ]);
  });

  it('are found inside timeouts, too', async () => {
    const text = 'models: {a: {cmd: "x ${PORT}", timeouts: {tlsHandshake: 10, expectContinue: 1, connect: 5}}}';
    expect(await warningsOf(text)).toEqual([
      `models.a.timeouts.tlsHandshake: ${NO_EFFECT}`,
      `models.a.timeouts.expectContinue: ${NO_EFFECT}`,
    ]);
  });

  it('need no warning when they are off or empty', async () => {
    const text =
      'models: {a: {cmd: "x ${PORT}", filters: {}, sendLoadingState: false}}\ngroups:\nselectors: {}\nstore: ~\napiKeys: []\n';
    expect(await warningsOf(text)).toEqual([]);
  });

  it.each([['[k1]'], ['[~]'], ['[""]'], ['k1']])(
    'apiKeys: %s is refused: nobody would be asked for a key',
    async (keys) => {
      expect(await errorsOf(`models: {a: {cmd: "x \${PORT}"}}\napiKeys: ${keys}`)).toEqual([
        'apiKeys: this version cannot check API keys: everybody could use the gateway',
      ]);
    },
  );

  it('logRequests, once without effect, works', async () => {
    expect((await load('logRequests: true')).config.logRequests).toBe(true);
  });
});
