import { formatPath, type KeyPath, type ProblemLog } from './problems.ts';
import type { Entry, ListNode, MappingNode, Node, ScalarNode } from './tree.ts';

/** What is below these keys is defined in one file only: two halves of a model make no model. */
const ENTITIES = new Set([
  'models',
  'groups',
  'profiles',
  'selectors',
  'peers',
  'matrix',
  'routing.router.settings.groups',
  'routing.router.settings.matrix',
]);

/**
 * Puts the trees of several files together, in their order. Mappings are joined, lists go one behind the other, and a
 * value that is there twice must be the same. What contradicts an earlier file becomes a problem in the later one.
 */
export function mergeTrees(trees: readonly MappingNode[], problems: ProblemLog): MappingNode | null {
  const [first, ...others] = trees;
  if (first === undefined) return null;
  return others.reduce((merged, next) => mergeMappings(merged, next, [], problems), first);
}

function mergeMappings(earlier: MappingNode, later: MappingNode, path: KeyPath, problems: ProblemLog): MappingNode {
  const section = path.join('.');
  const entries = new Map<string, Entry>(earlier.entries);
  for (const [key, entry] of later.entries) {
    const before = entries.get(key);
    const keyPath = [...path, key];
    if (before === undefined) entries.set(key, entry);
    else if (ENTITIES.has(section)) {
      const message = `duplicate ${section}: "${key}" is already defined in ${placeOf(before)}`;
      problems.error(entry.place, keyPath, message, 'keep one of the two');
    } else entries.set(key, { place: before.place, value: mergeValues(before, entry, keyPath, problems) });
  }
  return { ...earlier, entries, merged: earlier.merged || later.merged };
}

function mergeValues(before: Entry, entry: Entry, path: KeyPath, problems: ProblemLog): Node {
  const [earlier, later] = [before.value, entry.value];
  if (ENTITIES.has(path.join('.'))) {
    const wrong = [before, entry].find(({ value }) => value.kind !== 'mapping');
    if (wrong !== undefined) {
      const message = `conflict at "${formatPath(path)}": must be a mapping in every file`;
      problems.error(wrong.place, path, message, 'take the key out where nothing is below it');
      return earlier;
    }
  }
  if (isUnwritten(later)) return earlier;
  if (isUnwritten(earlier)) return later;
  if (earlier.kind === 'mapping' && later.kind === 'mapping') return mergeMappings(earlier, later, path, problems);
  if (earlier.kind === 'list' && later.kind === 'list') return joinLists(earlier, later);
  if (earlier.kind === 'scalar' && later.kind === 'scalar' && isSame(earlier, later)) return earlier;
  const what = earlier.kind === later.kind ? 'another value' : `a ${nameOf(earlier)}, not a ${nameOf(later)}`;
  const message = `conflict at "${formatPath(path)}": ${placeOf(before)} has ${what}`;
  problems.error(entry.place, path, message, 'keep one of the two');
  return earlier;
}

function joinLists(earlier: ListNode, later: ListNode): ListNode {
  return { ...earlier, items: [...earlier.items, ...later.items] };
}

/** Nothing behind the colon; a `null` that is written is a value. */
function isUnwritten(node: Node): boolean {
  return node.kind === 'scalar' && node.value === null && node.shown === '';
}

function isSame(a: ScalarNode, b: ScalarNode): boolean {
  return a.text === b.text && typeof a.value === typeof b.value && (a.value === null) === (b.value === null);
}

function nameOf(node: Node): string {
  return node.kind === 'scalar' ? 'single value' : node.kind;
}

function placeOf({ place }: Entry): string {
  return place.line === null ? place.file : `${place.file}:${place.line}`;
}
