/** Work that nobody waits for. */
export interface Unhurried {
  /** Does it in a turn of the event loop of its own. It must not throw. */
  later(work: () => void): void;
  /** Resolves when all of it is done. */
  done(): Promise<void>;
}

/**
 * INVARIANT: one piece of work in each turn, in the order they came. Other streams go on in between: to account for a
 * hundred that end at once takes tens of milliseconds.
 */
export function createUnhurried(): Unhurried {
  const waiting: (() => void)[] = [];
  let finished = Promise.withResolvers<void>();

  function next(): void {
    waiting[0]?.();
    waiting.shift();
    if (waiting.length > 0) setImmediate(next);
    else finished.resolve();
  }

  return {
    later(work) {
      waiting.push(work);
      if (waiting.length > 1) return;
      finished = Promise.withResolvers();
      setImmediate(next);
    },
    done: () => (waiting.length === 0 ? Promise.resolve() : finished.promise),
  };
}
