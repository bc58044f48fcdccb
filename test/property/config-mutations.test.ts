import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { CORE_SCHEMA, load as loadYaml, mergeTag } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import type { ConfigInput } from '../../src/config/input.ts';
import { parseConfig } from '../../src/config/load.ts';
import { ConfigError } from '../../src/config/problems.ts';

const SECRET = 'what-the-environment-holds';
const EXAMPLE: unknown = loadYaml(readFileSync(new URL('../../config.example.yaml', import.meta.url), 'utf8'), {
  schema: CORE_SCHEMA.withTags(mergeTag),
});

/** Where to change something, as one choice per level, and what to put there. */
interface Mutation {
  readonly path: readonly number[];
  readonly value: unknown;
}

const mutations: fc.Arbitrary<Mutation[]> = fc.array(
  fc.record({
    path: fc.array(fc.nat(30), { minLength: 1, maxLength: 7 }),
    value: fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.constantFrom(
        '${PORT}',
        '${x}',
        '${env.SECRET}',
        ' ',
        'a/b',
        Infinity,
        Number.NaN,
        [null],
        { '': 1 },
        { a: null },
      ),
    ),
  }),
  { minLength: 1, maxLength: 3 },
);

function mutate(node: unknown, [choice = 0, ...rest]: readonly number[], value: unknown): unknown {
  if (typeof node !== 'object' || node === null || Object.keys(node).length === 0) return value;
  const keys = Object.keys(node);
  const key = keys[choice % keys.length] ?? '';
  const changed = rest.length === 0 ? value : mutate((node as Record<string, unknown>)[key], rest, value);
  if (Array.isArray(node)) return node.with(Number(key), changed);
  return { ...node, [key]: changed };
}

describe('a configuration with anything anywhere', () => {
  it('loads, or is refused with problems that say what to do and show nothing of the environment', async () => {
    await fc.assert(
      fc.asyncProperty(mutations, async (all) => {
        const source = all.reduce<unknown>((config, { path, value }) => mutate(config, path, value), EXAMPLE);
        try {
          const { config } = await parseConfig(source as ConfigInput, { env: { SECRET }, platform: 'linux' });
          expect(Object.isFrozen(config)).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigError);
          const { problems, message } = error as ConfigError;
          expect(problems.some(({ severity }) => severity === 'error')).toBe(true);
          expect(message).not.toContain(SECRET);
        }
      }),
      { numRuns: 300 },
    );
  });
});
