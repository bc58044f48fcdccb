import type { KeyPath, Place } from './problems.ts';

/**
 * A configuration between its source and its validation: ordered, and every value knows where it was written. All stages
 * work on this tree and make new nodes in place of changing old ones, because YAML aliases share nodes.
 */
export type Node = ScalarNode | ListNode | MappingNode;

export interface ScalarNode {
  readonly kind: 'scalar';
  readonly value: string | number | boolean | null;
  /** The value as it was spelled: `1.10` has the value 1.1 and the text "1.10". */
  readonly text: string;
  /** The text for people: what came from the environment is still called `${env.NAME}` in it. */
  readonly shown: string;
  /** Written without quotes: its type follows from its spelling, once the environment is in it. */
  readonly plain: boolean;
  /** Where each `${env.NAME}` in the text stands, in order. */
  readonly references: readonly Place[];
  readonly place: Place;
}

export interface ListNode {
  readonly kind: 'list';
  readonly items: readonly Node[];
  readonly place: Place;
}

export interface MappingNode {
  readonly kind: 'mapping';
  readonly entries: ReadonlyMap<string, Entry>;
  /** Some of the entries came in through a merge key (`<<`). */
  readonly merged: boolean;
  readonly place: Place;
}

export interface Entry {
  /** Where the key stands. */
  readonly place: Place;
  readonly value: Node;
}

/** A scalar that is not written in the source, such as a default or a number put in for a macro. */
export function scalar(value: string | number | boolean, place: Place): ScalarNode {
  const text = String(value);
  return { kind: 'scalar', value, text, shown: text, plain: false, references: [], place };
}

export function mapping(entries: Iterable<[string, Entry]>, place: Place): MappingNode {
  return { kind: 'mapping', entries: new Map(entries), merged: false, place };
}

/** The value under a key, or undefined where there is none, or where `node` is no mapping. */
export function child(node: Node | undefined, key: string): Node | undefined {
  return node?.kind === 'mapping' ? node.entries.get(key)?.value : undefined;
}

export function isNull(node: Node | undefined): boolean {
  return node?.kind === 'scalar' && node.value === null;
}

/** The same mapping with one key set (in place, or last), or removed when `value` is undefined. */
export function withChild(node: MappingNode, key: string, value: Node | undefined): MappingNode {
  const entries = new Map(node.entries);
  if (value === undefined) entries.delete(key);
  else entries.set(key, { place: entries.get(key)?.place ?? value.place, value });
  return { ...node, entries };
}

/** Applies `change` to every scalar below `node`; mapping keys stay as they are. */
export function mapScalars(node: Node, path: KeyPath, change: (leaf: ScalarNode, path: KeyPath) => ScalarNode): Node {
  switch (node.kind) {
    case 'scalar':
      return change(node, path);
    case 'list':
      return { ...node, items: node.items.map((item, index) => mapScalars(item, [...path, index], change)) };
    case 'mapping':
      return {
        ...node,
        entries: new Map(
          [...node.entries].map(([key, entry]) => [
            key,
            { place: entry.place, value: mapScalars(entry.value, [...path, key], change) },
          ]),
        ),
      };
  }
}

/** The value at a path, and where it stands: its key or list item, else the nearest thing around it that exists. */
export function locate(root: Node, path: KeyPath): { place: Place; node: Node | undefined } {
  let node: Node | undefined = root;
  let place = root.place;
  for (const part of path) {
    if (node?.kind === 'mapping' && typeof part === 'string') {
      const entry: Entry | undefined = node.entries.get(part);
      if (entry) place = entry.place;
      node = entry?.value;
    } else if (node?.kind === 'list' && typeof part === 'number') {
      node = node.items[part];
      if (node) place = node.place;
    } else {
      node = undefined;
    }
  }
  return { place, node };
}

/** The plain value of a tree, with each scalar in its own type. */
export function toPlain(node: Node): unknown {
  switch (node.kind) {
    case 'scalar':
      return node.value;
    case 'list':
      return node.items.map(toPlain);
    case 'mapping':
      return Object.fromEntries([...node.entries].map(([key, entry]) => [key, toPlain(entry.value)]));
  }
}
