import type { KeyPath, ProblemLog } from './problems.ts';
import { isNull, type Node } from './tree.ts';

/**
 * Leaves empty list items out, such as those made of an environment variable that is set but empty. Metadata is left
 * as it is.
 */
export function dropEmptyItems(node: Node, path: KeyPath, problems: ProblemLog): Node {
  if (path.at(-1) === 'metadata') return node;
  if (node.kind === 'mapping') {
    const entries = [...node.entries].map(
      ([key, { place, value }]) => [key, { place, value: dropEmptyItems(value, [...path, key], problems) }] as const,
    );
    return { ...node, entries: new Map(entries) };
  }
  if (node.kind !== 'list' || !node.items.some(isNull)) return node;
  node.items.forEach((item, index) => {
    if (isNull(item))
      problems.warning(item.place, [...path, index], 'is empty and left out', 'take it out, or fill it in');
  });
  return { ...node, items: node.items.filter((item) => !isNull(item)) };
}
