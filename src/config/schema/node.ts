/**
 * A part of the JSON Schema (draft 7) of a configuration file: what ajv checks after all macros are expanded, what
 * editors use (`config.schema.json`), and where the loader learns which keys exist and which values are text.
 */
export interface SchemaNode {
  readonly $schema?: string;
  readonly title?: string;
  readonly description?: string;
  readonly type?: SchemaType | readonly SchemaType[];
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly patternProperties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: boolean | SchemaNode;
  readonly propertyNames?: SchemaNode;
  readonly required?: readonly string[];
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly pattern?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  /** A key of the first llama-swap that is recognised and has no effect, and why. */
  readonly 'x-noEffect'?: string;
  /** Something else than one of `enum` counts as the default, with a warning; upper and lower case are the same. */
  readonly 'x-lenient'?: true;
  /** A key without a value is an empty mapping or text, and not the same as no key. */
  readonly 'x-emptyCounts'?: true;
  /** Another key is an error and not only a warning: a slip would allow more than was meant. It may be a secret itself. */
  readonly 'x-strict'?: true;
}

export type SchemaType = 'string' | 'number' | 'integer' | 'boolean' | 'array' | 'object' | 'null';

/** In an editor a number or boolean may still be a macro. */
const MACRO = '^\\$\\{[a-zA-Z0-9_.-]+\\}$';

export function text(description: string, rest: SchemaNode = {}): SchemaNode {
  return { description, type: 'string', ...rest };
}

export function number(description: string, rest: SchemaNode = {}): SchemaNode {
  return { description, type: ['number', 'string'], pattern: MACRO, ...rest };
}

export function whole(description: string, rest: SchemaNode = {}): SchemaNode {
  return { description, type: ['integer', 'string'], pattern: MACRO, ...rest };
}

export function flag(description: string, rest: SchemaNode = {}): SchemaNode {
  return { description, type: ['boolean', 'string'], pattern: MACRO, ...rest };
}

export function texts(description: string, rest: SchemaNode = {}): SchemaNode {
  return { description, type: 'array', items: { type: 'string' }, ...rest };
}

/** A mapping with these keys and no others. */
export function group(
  description: string,
  properties: Readonly<Record<string, SchemaNode>>,
  rest: SchemaNode = {},
): SchemaNode {
  return { description, type: 'object', properties, additionalProperties: false, ...rest };
}

/** A mapping whose keys are names that the user chooses. */
export function named(description: string, each: SchemaNode, rest: SchemaNode = {}): SchemaNode {
  return { description, type: 'object', additionalProperties: each, ...rest };
}

/** A mapping of whatever the user likes. */
export function anything(description: string): SchemaNode {
  return { description, type: 'object', additionalProperties: true };
}

/** @param why completes "has no effect: …" */
export function noEffect(description: string, why: string): SchemaNode {
  return { description: `${description} Has no effect: ${why}.`, 'x-noEffect': why };
}

export function macros(description: string): SchemaNode {
  return {
    description,
    type: 'object',
    propertyNames: { pattern: '^[a-zA-Z0-9_-]{1,63}$' },
    additionalProperties: { type: ['string', 'number', 'boolean'] },
  };
}
