import type { KeyPath } from './problems.ts';
import type { Report } from './report.ts';
import type { Node } from './tree.ts';

/** The value of a tree as it goes into JSON: whole numbers beyond 2^53 keep all their digits, as bigint. */
export function jsonValue(node: Node, path: KeyPath, report: Report): unknown {
  switch (node.kind) {
    case 'list':
      return node.items.map((item, index) => jsonValue(item, [...path, index], report));
    case 'mapping':
      return Object.fromEntries(
        [...node.entries].map(([key, { value }]) => [key, jsonValue(value, [...path, key], report)]),
      );
    case 'scalar': {
      const { value, text } = node;
      if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
      if (Number.isFinite(value)) return /^[-+]?\d+$/.test(text) ? BigInt(text) : value;
      report.error(path, 'is a number that JSON does not have', 'write a finite number, or quote it');
      return null;
    }
  }
}
