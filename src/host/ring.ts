/** The last so many values, oldest first. */
export interface Ring<T> {
  push(value: T): void;
  values(): readonly T[];
  last(): T | null;
}

/** @param capacity Less than 1 is 1. */
export function createRing<T>(capacity: number): Ring<T> {
  const size = Math.max(1, Math.floor(capacity));
  const kept: T[] = [];
  let next = 0;
  return {
    push(value) {
      kept[next] = value;
      next = (next + 1) % size;
    },
    values: () => (kept.length < size ? [...kept] : [...kept.slice(next), ...kept.slice(0, next)]),
    last: () => kept[(next + kept.length - 1) % Math.max(1, kept.length)] ?? null,
  };
}
