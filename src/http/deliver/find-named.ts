import type { Names } from '../../dispatch/names.ts';

/**
 * What `find` finds; when that is nothing, and there are peers whose models are discovered, what it finds after they have
 * been asked. A name that peers do not have costs a request that wait, and at most a few seconds.
 */
export function findNamed<T>(find: () => T | null, names: Names): T | null | Promise<T | null> {
  const found = find();
  if (found !== null || !names.mayGrow) return found;
  return names.askUntil(() => isOver(find)).then(find);
}

/** Whether there is nothing to wait for any more: a find that throws is for the caller to hear of. */
function isOver(find: () => unknown): boolean {
  try {
    return find() !== null;
  } catch {
    return true;
  }
}
