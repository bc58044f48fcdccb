import type { KeyPath, ProblemLog } from './problems.ts';
import { isNull, type ListNode, type Node } from './tree.ts';

/**
 * Leaves empty list items out, such as those made of an environment variable that is set but empty. What is passed on as
 * it is stays as it is; and without an empty key among the keys of clients, there might be none left to ask for.
 */
export function dropEmptyItems(node: Node, path: KeyPath, problems: ProblemLog): Node {
  if (node.kind === 'scalar' || isLeftAlone(path)) return node;
  if (node.kind === 'list') {
    const items = node.items.map((item, index) => dropEmptyItems(item, [...path, index], problems));
    return areKeys(path) ? { ...node, items } : dropFromList({ ...node, items }, path, problems);
  }
  const entries = [...node.entries].map(
    ([key, { place, value }]) => [key, { place, value: dropEmptyItems(value, [...path, key], problems) }] as const,
  );
  return { ...node, entries: new Map(entries) };
}

function areKeys(path: KeyPath): boolean {
  return path.length === 1 && path[0] === 'apiKeys';
}

function isLeftAlone(path: KeyPath): boolean {
  const [, , key, filter] = path;
  return (
    (path.length === 3 && key === 'metadata') ||
    (path.length === 4 && key === 'filters' && (filter === 'setParams' || filter === 'setParamsByID'))
  );
}

function dropFromList(node: ListNode, path: KeyPath, problems: ProblemLog): ListNode {
  // With an error in it the list will not be used, and the error is all there is to say.
  if (node.items.some((_, index) => problems.hasErrorAt([...path, index]))) return node;
  node.items.forEach((item, index) => {
    if (!isNull(item)) return;
    // What is not written has no place of its own: the list has.
    problems.warning(node.place, [...path, index], 'is empty and left out', 'take it out, or fill it in');
  });
  return { ...node, items: node.items.filter((item) => !isNull(item)) };
}
