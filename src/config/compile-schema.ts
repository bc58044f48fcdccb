import { Ajv, type ValidateFunction } from 'ajv';
import { configSchema } from './schema.ts';

/**
 * Makes of the schema what checks a configuration by it.
 *
 * @param asSource for a build, which keeps the code that ajv has generated and leaves ajv out
 */
export function compileSchema(asSource = false): { readonly ajv: Ajv; readonly validate: ValidateFunction } {
  const { $schema: _dialect, ...schema } = configSchema;
  const ajv = new Ajv({
    allErrors: true,
    verbose: true,
    strictNumbers: true,
    // The rest is about time: that the schema itself is right is a test's concern, and the messages are written elsewhere.
    strict: false,
    meta: false,
    validateSchema: false,
    messages: false,
    code: { optimize: asSource, source: asSource, esm: true },
  });
  return { ajv, validate: ajv.compile(schema) };
}
