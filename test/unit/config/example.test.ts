import { readFile } from 'node:fs/promises';
import { Ajv } from 'ajv';
import { load as loadYaml, CORE_SCHEMA, mergeTag } from 'js-yaml';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadConfigFile, type LoadedConfig } from '../../../src/config/load.ts';
import { configSchema } from '../../../src/config/schema.ts';
import type { SchemaNode } from '../../../src/config/schema/node.ts';

const PATH = new URL('../../../config.example.yaml', import.meta.url);

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

describe('config.example.yaml', () => {
  let text: string;
  let plain: Record<string, Record<string, unknown>>;
  let loaded: LoadedConfig;

  beforeAll(async () => {
    text = await readFile(PATH, 'utf8');
    // YAML's references are fine in block style only, which the example keeps to.
    plain = loadYaml(text, { schema: CORE_SCHEMA.withTags(mergeTag) }) as typeof plain;
    loaded = await loadConfigFile(PATH.pathname, { env: {}, platform: 'linux' });
  });

  it('loads without a warning', () => {
    expect(loaded.warnings).toEqual([]);
    expect([...loaded.config.models.keys()]).toEqual([
      'qwen-coder',
      'llama-small',
      'embed',
      'rerank',
      'vllm',
      'whisper',
    ]);
    expect([...loaded.config.profiles.keys()]).toEqual(['rag', 'pair']);
    expect([...loaded.config.pins.keys()]).toEqual(['night']);
  });

  it('passes the schema that editors use', () => {
    const ajv = new Ajv({ allowUnionTypes: true, allErrors: true });
    ajv.addVocabulary(['x-noEffect', 'x-lenient', 'x-emptyCounts', 'x-strict']);
    const check = ajv.compile(configSchema as object);
    check(plain);
    expect(check.errors).toBe(null);
  });

  it('shows every key that has an effect', () => {
    /** Keys in the schema that none of the values has, by their paths. */
    const missing = (schema: SchemaNode | undefined, values: readonly unknown[], path: string): string[] => {
      const mappings = values.filter((value): value is Record<string, unknown> => isMapping(value));
      const entries = typeof schema?.additionalProperties === 'object' ? schema.additionalProperties : undefined;
      const below = entries
        ? missing(
            entries,
            mappings.flatMap((value) => Object.values(value)),
            `${path}*.`,
          )
        : [];
      const items = schema?.items?.anyOf?.find(({ type }) => type === 'object');
      const inList = items ? missing(items, values.flat(), `${path}[].`) : [];
      const keys = [schema, ...(schema?.anyOf ?? [])].flatMap((part) => Object.entries(part?.properties ?? {}));
      return keys.reduce(
        (found, [key, value]) => {
          const given = mappings.flatMap((mapping) => (Object.hasOwn(mapping, key) ? [mapping[key]] : []));
          if (value['x-noEffect']) return found;
          return [...found, ...(given.length === 0 ? [`${path}${key}`] : missing(value, given, `${path}${key}.`))];
        },
        [...below, ...inList],
      );
    };
    // Those at the top are where old files have what stands in routing here.
    expect(missing(configSchema, [plain], '')).toEqual(['models.*.filters.strip_params', 'groups', 'matrix']);
    expect(text).toContain('strip_params');
  });

  it('means what its comments say', () => {
    const { config } = loaded;
    expect(config.models.get('qwen-coder')).toMatchObject({
      argv: [
        'llama-server --host 127.0.0.1 --port 5802 --n-gpu-layers 99 --jinja',
        '--ctx-size 32768 --model /srv/models/qwen2.5-coder-32b-q4_k_m.gguf',
      ]
        .join(' ')
        .split(' '),
      ttlMs: 7_200_000,
      metadata: { port: 5802 },
    });
    expect(config.models.get('rerank')).toMatchObject({ ttlMs: 1_800_000, stopTimeoutMs: 5000 });
    expect(config.models.get('vllm')?.stopArgv).toEqual(['docker', 'stop', '--time', '10', 'vllm-vllm']);
    expect(config.profiles.get('rag')?.members).toEqual(['llama-small', 'embed', 'rerank']);
  });
});
