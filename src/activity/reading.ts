/** Who reads from something that may only be closed when nobody does. */
export interface Reading {
  during<T>(read: () => Promise<T>): Promise<T>;
  /** Resolves when those who read now have come to an end. */
  ended(): Promise<void>;
}

export function createReading(): Reading {
  const readers = new Set<Promise<unknown>>();
  return {
    async during(read) {
      const reader = read();
      readers.add(reader);
      try {
        return await reader;
      } finally {
        readers.delete(reader);
      }
    },
    async ended() {
      await Promise.allSettled(readers);
    },
  };
}
