import { closest } from './closest.ts';
import type { KeyPath, ProblemLog } from './problems.ts';
import type { SchemaNode, SchemaType } from './schema/node.ts';
import { isNull, mapping, toPlain, type MappingNode, type Node, type ScalarNode } from './tree.ts';

/**
 * Turns the tree into the plain value that the schema speaks of: text fields get the text as it was spelled, null means
 * "not given", keys without effect are left out with a warning, and so is what already has an error.
 */
export function conform(node: Node, schema: SchemaNode, path: KeyPath, problems: ProblemLog): unknown {
  const shape = branchFor(schema, node);
  if (shape.type === undefined) return toPlain(node);
  switch (node.kind) {
    case 'scalar':
      return conformScalar(node, shape, path, problems);
    case 'list':
      return node.items.map((item, index) => conform(item, shape.items ?? {}, [...path, index], problems));
    case 'mapping':
      return conformMapping(node, shape, path, problems);
  }
}

function conformMapping(node: MappingNode, schema: SchemaNode, path: KeyPath, problems: ProblemLog): unknown {
  if (!hasType(schema, 'object')) return toPlain(node);
  const result: [string, unknown][] = [];
  const ignored = Object.keys(schema.patternProperties ?? {}).map((pattern) => new RegExp(pattern));
  for (const [key, { place, value }] of node.entries) {
    const keyPath = [...path, key];
    const known = schemaOf(schema, key);
    if (isWrong(value, keyPath, problems) || ignored.some((pattern) => pattern.test(key))) continue;
    if (known === null && schema['x-strict']) {
      const all = Object.keys(schema.properties ?? {});
      const near = closest(key, all);
      const hint = near === null ? `use ${all.join(', ')} only` : `did you mean ${near}?`;
      problems.error(place, path, 'holds a key that is not known', hint);
    } else if (known === null) {
      const near = closest(key, Object.keys(schema.properties ?? {}));
      problems.warning(place, keyPath, 'is not a known key and has no effect', hintForUnknown(key, near, path));
    } else if (known['x-noEffect'] !== undefined) {
      if (isSomething(value)) problems.warning(place, keyPath, `has no effect: ${known['x-noEffect']}`, 'take it out');
    } else if (!isNull(value) || (known.type === undefined && known.anyOf === undefined)) {
      result.push([key, conform(value, known, keyPath, problems)]);
    } else if (known['x-emptyCounts']) {
      result.push([key, isText(known) ? '' : conform(mapping([], value.place), known, keyPath, problems)]);
    } else if (known === schema.additionalProperties && known.type === 'object') {
      problems.warning(place, keyPath, 'is empty and has no effect', 'take it out, or fill it in');
    }
  }
  return Object.fromEntries(result);
}

/** A list with a wrong item counts as wrong as a whole: without the item the others would have other numbers. */
function isWrong(value: Node, path: KeyPath, problems: ProblemLog): boolean {
  if (problems.hasErrorAt(path)) return true;
  return value.kind === 'list' && value.items.some((_, index) => problems.hasErrorAt([...path, index]));
}

function hintForUnknown(key: string, near: string | null, path: KeyPath): string {
  if (near !== null) return `did you mean ${near}?`;
  if (path.length > 0) return 'take it out';
  return `take it out; YAML anchors can be kept under x-${key}`;
}

function schemaOf(schema: SchemaNode, key: string): SchemaNode | null {
  const own = schema.properties;
  if (own && Object.hasOwn(own, key)) return own[key] ?? null;
  if (typeof schema.additionalProperties === 'object') return schema.additionalProperties;
  return schema.additionalProperties === false ? null : {};
}

/** Off, empty or null: nobody misses an effect. */
function isSomething(node: Node): boolean {
  if (node.kind === 'scalar') return node.value !== null && node.value !== false && node.value !== '';
  return node.kind === 'list' ? node.items.length > 0 : node.entries.size > 0;
}

function branchFor(schema: SchemaNode, node: Node): SchemaNode {
  const type: Partial<Record<Node['kind'], SchemaType>> = { list: 'array', mapping: 'object' };
  const wanted = type[node.kind];
  return schema.anyOf?.find((branch) => wanted !== undefined && hasType(branch, wanted)) ?? schema.anyOf?.[0] ?? schema;
}

/** Whatever is written there is text: 1.10 is "1.10". */
function isText({ type }: SchemaNode): boolean {
  return type === 'string' || (type?.[0] === 'string' && type[1] === 'null');
}

function hasType(schema: SchemaNode, type: SchemaType): boolean {
  return schema.type === type || (Array.isArray(schema.type) && schema.type.includes(type));
}

const YES = new Set(['y', 'yes', 'on']);
const NO = new Set(['n', 'no', 'off']);

function conformScalar(node: ScalarNode, schema: SchemaNode, path: KeyPath, problems: ProblemLog): unknown {
  if (isText(schema)) {
    const lower = node.text.trim().toLowerCase();
    return schema['x-lenient'] && schema.enum?.includes(lower) ? lower : node.text;
  }
  if (typeof node.value !== 'string') return node.value;
  if (hasType(schema, 'boolean')) {
    const word = node.text.trim().toLowerCase();
    if (YES.has(word) || NO.has(word)) {
      const meant = YES.has(word);
      problems.warning(node.place, path, `"${node.shown}" is read as ${meant}`, `write ${meant}`);
      return meant;
    }
  }
  // 1_000 is a number to many a YAML parser, and was one to the first llama-swap.
  if (
    (hasType(schema, 'number') || hasType(schema, 'integer')) &&
    node.plain &&
    /^[-+]?\d+(?:_\d+)+$/.test(node.text)
  ) {
    return Number(node.text.replaceAll('_', ''));
  }
  return node.value;
}
