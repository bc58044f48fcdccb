import type { ValidateFunction } from 'ajv';
import { compileSchema } from './compile-schema.ts';

/**
 * Checks a configuration against the schema. To load ajv and to compile the schema takes some 30 ms and 3 MB, so the
 * built program has in the place of this file what ajv makes of the schema (`rolldown.config.ts`).
 */
export const { validate }: { readonly validate: ValidateFunction } = compileSchema();
