import { safely } from './safely.ts';

/** Somebody who listens, and how to stop listening. */
export interface Subscribers<T> {
  /** @returns Ends the subscription; a second call does nothing. */
  add(listener: (value: T) => void): () => void;
  /** Tells everyone, in the order of subscription; a listener that throws neither stops the others nor the caller. */
  tell(value: T): void;
}

/**
 * @param what Names the listeners in the report about a failing one.
 * @param report Gets one message per failing listener.
 */
export function createSubscribers<T>(what: string, report: (message: string) => void): Subscribers<T> {
  // Replaced on every change, so that a listener may come or go while the others are being told.
  let listeners: readonly ((value: T) => void)[] = [];
  return {
    add(listener) {
      const guarded = safely(`a subscriber of ${what}`, listener, report);
      listeners = [...listeners, guarded];
      return () => {
        listeners = listeners.filter((other) => other !== guarded);
      };
    },
    tell(value) {
      for (const listener of listeners) listener(value);
    },
  };
}
