import { readFile } from 'node:fs/promises';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import type {
  ConfigInput,
  KeyInput,
  ModelInput,
  PeerInput,
  SelectorInput,
  TimeoutsInput,
} from '../../../src/config/input.ts';
import { configSchema } from '../../../src/config/schema.ts';
import type { SchemaNode } from '../../../src/config/schema/node.ts';

/** A key too few or too many does not compile. */
const TOP: Record<keyof ConfigInput, true> = {
  models: true,
  healthCheckTimeout: true,
  startPort: true,
  globalTTL: true,
  unloadTimeout: true,
  logLevel: true,
  logRequests: true,
  macros: true,
  profiles: true,
  scheduler: true,
  server: true,
  liveness: true,
  sendLoadingState: true,
  includeAliasesInList: true,
  apiKeys: true,
  hooks: true,
  groups: true,
  matrix: true,
  routing: true,
  selectors: true,
  peers: true,
  upstream: true,
  logTimeFormat: true,
  logToStdout: true,
  metricsMaxInMemory: true,
  captureBuffer: true,
  store: true,
  ui: true,
  performance: true,
};
const MODEL: Record<keyof ModelInput, true> = {
  cmd: true,
  cmdStop: true,
  proxy: true,
  aliases: true,
  env: true,
  checkEndpoint: true,
  ttl: true,
  unloadTimeout: true,
  healthCheckTimeout: true,
  unlisted: true,
  useModelName: true,
  name: true,
  description: true,
  concurrencyLimit: true,
  macros: true,
  metadata: true,
  timeouts: true,
  liveness: true,
  sendLoadingState: true,
  filters: true,
  capabilities: true,
  compat: true,
};
const KEY: Record<keyof KeyInput, true> = { key: true, name: true, models: true, concurrencyLimit: true, admin: true };
const SELECTOR: Record<keyof SelectorInput, true> = {
  strategy: true,
  targets: true,
  settings: true,
  name: true,
  description: true,
  unlisted: true,
  metadata: true,
};
const PEER: Record<keyof PeerInput, true> = {
  proxy: true,
  models: true,
  discover: true,
  apiKey: true,
  filters: true,
  timeouts: true,
};
const TIMEOUTS: Record<keyof TimeoutsInput, true> = {
  connect: true,
  tlsHandshake: true,
  keepalive: true,
  responseHeader: true,
  idleConn: true,
};

function supported(schema: SchemaNode | undefined): string[] {
  return Object.entries(schema?.properties ?? {})
    .flatMap(([key, value]) => (value['x-noEffect'] ? [] : [key]))
    .sort();
}

function keysOf(record: object): string[] {
  return Object.keys(record).sort();
}

const each = (key: string): SchemaNode => configSchema.properties?.[key]?.additionalProperties as SchemaNode;
const model = each('models');

describe('the schema', () => {
  it('is what config.schema.json holds (npm run schema writes it)', async () => {
    const file = await readFile(new URL('../../../config.schema.json', import.meta.url), 'utf8');
    expect(JSON.parse(file)).toEqual(configSchema);
  });

  it('is a valid draft 7 schema, by the strict rules of ajv', () => {
    const ajv = new Ajv({ allowUnionTypes: true });
    ajv.addVocabulary(['x-noEffect', 'x-lenient', 'x-emptyCounts', 'x-strict']);
    expect(ajv.validateSchema(configSchema as object)).toBe(true);
    expect(() => ajv.compile(configSchema as object)).not.toThrow();
  });

  it('has the keys of the types for scripts', () => {
    expect(supported(configSchema)).toEqual(keysOf(TOP));
    expect(supported(model)).toEqual(keysOf(MODEL));
    expect(supported(model.properties?.['timeouts'])).toEqual(keysOf(TIMEOUTS));
    expect(supported(each('selectors'))).toEqual(keysOf(SELECTOR));
    expect(supported(each('peers'))).toEqual(keysOf(PEER));
    expect(supported(configSchema.properties?.['apiKeys']?.items?.anyOf?.[1])).toEqual(keysOf(KEY));
  });

  it('describes every key', () => {
    const undescribed = (schema: SchemaNode): string[] =>
      Object.entries(schema.properties ?? {}).flatMap(([key, value]) => [
        ...(value.description ? [] : [key]),
        ...undescribed(value),
        ...(typeof value.additionalProperties === 'object' ? undescribed(value.additionalProperties) : []),
      ]);
    expect(undescribed(configSchema)).toEqual([]);
  });

  it('accepts a macro for a number or a switch, as an editor sees it', () => {
    const ajv = new Ajv({ allowUnionTypes: true });
    ajv.addVocabulary(['x-noEffect', 'x-lenient', 'x-emptyCounts', 'x-strict']);
    const check = ajv.compile(configSchema as object);
    expect(check({ globalTTL: '${ttl}', logRequests: '${env.LOG}' })).toBe(true);
    expect(check({ globalTTL: '5m' })).toBe(false);
    expect(check({ nope: 1 })).toBe(false);
  });
});
