import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ValidateFunction } from 'ajv';
import standalone from 'ajv/dist/standalone/index.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compileSchema } from '../../src/config/compile-schema.ts';
import { validate } from '../../src/config/compiled-schema.ts';
import { configSchema } from '../../src/config/schema.ts';
import { temporaryFolder } from '../kit/temporary-folder.ts';

/** Keys of the schema, at every depth, beside others: so that what is made up is often nearly right. */
function keysOf(node: unknown): string[] {
  if (typeof node !== 'object' || node === null) return [];
  return Object.entries(node).flatMap(([key, value]) =>
    key === 'properties' ? [...Object.keys(value as object), ...keysOf(value)] : keysOf(value),
  );
}

test('what a build keeps of ajv finds in any configuration what ajv finds', async () => {
  const compiled = compileSchema(true);
  const file = join(temporaryFolder(), 'compiled.mjs');
  writeFileSync(file, standalone.default(compiled.ajv, compiled.validate));
  const { validate: built } = (await import(file)) as { validate: ValidateFunction };
  const key = fc.constantFrom(...new Set([...keysOf(configSchema), 'a', 'x-y', '']));
  const leaf = fc.oneof(fc.string({ maxLength: 8 }), fc.double(), fc.integer(), fc.boolean(), fc.constant(null));
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof({ maxDepth: 4 }, leaf, fc.array(tie('value'), { maxLength: 3 }), tie('mapping')),
    mapping: fc.dictionary(key, tie('value'), { maxKeys: 5 }),
  }));
  fc.assert(
    fc.property(fc.dictionary(key, value, { maxKeys: 6 }), (config) => {
      expect(built(config)).toBe(validate(config));
      expect(built.errors).toEqual(validate.errors);
    }),
    { numRuns: 300 },
  );
});
