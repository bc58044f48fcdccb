import type { ErrorObject } from 'ajv';
import type { KeyPath, ProblemLog } from './problems.ts';
import type { SchemaNode, SchemaType } from './schema/node.ts';
import { locate, type Node } from './tree.ts';

/**
 * Checks a conformed value against the schema. Everything wrong becomes a problem, and is taken out of `value` so that
 * the later checks can rely on what is left.
 */
export async function validate(value: unknown, tree: Node, problems: ProblemLog): Promise<void> {
  // Only whoever loads a configuration pays for it.
  const { validate: check } = await import('./compiled-schema.ts');
  if (check(value)) return;
  const errors = check.errors ?? [];
  const cuts: KeyPath[] = [];
  for (const error of errors) {
    if (error.keyword === 'anyOf' ? fitsABranch(error) : isOtherBranch(error)) continue;
    const parent = pathOf(error.instancePath, value);
    const missing: unknown = error.params['missingProperty'];
    const path = typeof missing === 'string' ? [...parent, missing] : parent;
    const { place, node } = locate(tree, path);
    if (error.keyword === 'enum' && error.parentSchema?.['x-lenient']) {
      problems.warning(
        place,
        path,
        `is not one of ${listOf(error)}`,
        `${String(error.parentSchema?.['default'])} is used`,
      );
    } else if (!problems.hasErrorAt(path)) {
      problems.error(place, path, whatIsWrong(error, node, path), whatWouldBeRight(error, path));
    }
    if (typeof missing !== 'string') cuts.push(path);
  }
  for (const path of cuts) cut(value, path);
}

/** Where lists and mappings are both fine, that one is not the other is nothing to report. */
function isOtherBranch({ keyword, schemaPath, data }: ErrorObject): boolean {
  return keyword === 'type' && /\/anyOf\/\d+\/type$/.test(schemaPath) && typeof data === 'object';
}

/** That a value is of none of the types is to be reported; what is wrong within one of them is, by itself. */
function fitsABranch({ parentSchema, data }: ErrorObject): boolean {
  const type: SchemaType = Array.isArray(data) ? 'array' : 'object';
  return (parentSchema as SchemaNode).anyOf?.some((branch) => branch.type === type) === true;
}

/** A JSON pointer as a path; the positions in lists become numbers. */
function pathOf(pointer: string, root: unknown): (string | number)[] {
  let value = root;
  return pointer
    .split('/')
    .slice(1)
    .map((part) => {
      const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
      const key = Array.isArray(value) ? Number(name) : name;
      value = (value as Record<string | number, unknown> | undefined)?.[key];
      return key;
    });
}

/** Removes a value, with the whole list around it if it is in one. */
function cut(root: unknown, path: KeyPath): void {
  const inList = path.findIndex((part) => typeof part === 'number');
  const keys = inList === -1 ? path : path.slice(0, inList);
  const last = keys.at(-1);
  if (last === undefined) return;
  let target = root;
  for (const key of keys.slice(0, -1)) target = (target as Record<string, unknown> | undefined)?.[key];
  if (typeof target === 'object' && target !== null) delete (target as Record<string, unknown>)[last];
}

const TYPE_WORDS: Readonly<Record<SchemaType, string>> = {
  string: 'text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping of keys to values',
  null: 'empty',
};

function whatIsWrong(error: ErrorObject, node: Node | undefined, path: KeyPath): string {
  const limit = String(error.params['limit']);
  switch (error.keyword) {
    case 'required':
      return 'is missing';
    case 'minimum':
      return `must be ${limit} or more, not ${describe(node, path)}`;
    case 'exclusiveMinimum':
      return `must be more than ${limit}, not ${describe(node, path)}`;
    case 'maximum':
      return `must be ${limit} or less, not ${describe(node, path)}`;
    case 'enum':
      return `must be one of ${listOf(error)}, not ${describe(node, path)}`;
    case 'minItems':
      return 'is an empty list';
    default: {
      const type = (error.parentSchema as SchemaNode).type;
      const wanted = typeof type === 'object' ? type[0] : type;
      if (wanted === 'string') {
        return error.keyword === 'pattern'
          ? 'holds a NUL, which no environment can hold'
          : `must be text, not ${describe(node, path)}`;
      }
      return `must be ${TYPE_WORDS[wanted ?? 'string']}, not ${describe(node, path)}`;
    }
  }
}

function whatWouldBeRight(error: ErrorObject, path: KeyPath): string {
  const key = path.at(-1);
  const parent = error.parentSchema as SchemaNode;
  const schema = error.keyword === 'required' ? parent.properties?.[String(key)] : parent;
  if (error.keyword === 'enum') return 'write one of these words, in lower case';
  const example = schema?.examples?.[0] ?? schema?.default;
  if (typeof key === 'number')
    return path.includes('env') ? 'write for example - CUDA_VISIBLE_DEVICES=0' : 'write one text per item';
  if (example !== undefined) return `write for example ${String(key)}: ${asYaml(example)}`;
  return schema?.type === 'object' ? `indent the keys of ${String(key)} below it` : '';
}

function asYaml(example: unknown): string {
  return typeof example === 'string' ? example : JSON.stringify(example);
}

function listOf(error: ErrorObject): string {
  return (error.params['allowedValues'] as string[]).filter((word) => word !== '').join(', ');
}

/** What stands there, for people. Never what came from the environment, and nothing out of lists like `env`. */
function describe(node: Node | undefined, path: KeyPath): string {
  if (node === undefined) return 'this';
  if (node.kind === 'list') return 'a list';
  if (node.kind === 'mapping') return 'a mapping';
  if (path.includes('env')) return 'a single value';
  const shown = node.shown.length > 60 ? `${node.shown.slice(0, 60)}…` : node.shown;
  return typeof node.value === 'string' ? `the text "${shown}"` : shown;
}
