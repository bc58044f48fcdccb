import type { KeyPath, ProblemLog } from './problems.ts';
import { locate, type Node } from './tree.ts';

/** Problems with values that are known by their key path: the tree says where they stand. */
export interface Report {
  /** Nothing happens when the value is known to be wrong already. */
  error(path: KeyPath, message: string, hint: string): void;
  warning(path: KeyPath, message: string, hint: string): void;
  /** A scalar for people: without values from the environment. */
  shown(path: KeyPath): string;
}

export function reportOn(tree: Node, problems: ProblemLog): Report {
  return {
    error(path, message, hint) {
      if (!problems.hasErrorAt(path)) problems.error(locate(tree, path).place, path, message, hint);
    },
    warning(path, message, hint) {
      problems.warning(locate(tree, path).place, path, message, hint);
    },
    shown(path) {
      const { node } = locate(tree, path);
      return node?.kind === 'scalar' ? node.shown : '';
    },
  };
}
