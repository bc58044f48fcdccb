import type { Report } from './report.ts';
import { child, isNull, type Node } from './tree.ts';
import type { AuthConfig } from './types.ts';

const HINT = 'set it to a key; take the item out if nobody is to use it';

/**
 * The keys of clients. Whatever would leave fewer keys than the file has is an error: without any, everybody may use the
 * gateway.
 */
export function authConfig(keys: readonly string[], tree: Node, report: Report): AuthConfig {
  const node = child(tree, 'apiKeys');
  if (node?.kind === 'scalar' && isNull(node) && node.shown.includes('${')) {
    report.error(['apiKeys'], 'must be a list, and is empty', 'write one key per item');
  }
  keys.forEach((key, index) => {
    if (key === '' || isNull(node?.kind === 'list' ? node.items[index] : undefined)) {
      report.error(['apiKeys', index], 'is empty', HINT);
    } else if (key.includes(' ')) {
      report.error(['apiKeys', index], 'holds a space', 'a key is one word: take the space out');
    }
  });
  return { keys: [...new Set(keys)] };
}
