import type { EventEmitter } from 'node:events';
import { GatewayError } from '../../errors.ts';

/** A response or a socket. */
export type Over = EventEmitter & {
  /** Whether `close` has been emitted. */
  readonly closed: boolean;
};

/** Soon, since nobody knows when one of the requests will be over. */
const RETRY_SECONDS = 1;

/**
 * How many requests each key has under way. It outlives a reload, as the requests do.
 *
 * INVARIANTS
 * - A request is counted from `hold` until what it is answered on has closed, and then given back once.
 * - No key is kept that has no request.
 */
export interface KeyLoads {
  /** @throws GatewayError `concurrency_limit` when the key has `limit` requests already. */
  hold(key: string, limit: number, over: Over): void;
}

export function createKeyLoads(): KeyLoads {
  const loads = new Map<string, number>();
  return {
    hold(key, limit, over) {
      // A 'close' that has been emitted is never heard of again.
      if (over.closed) return;
      const load = loads.get(key) ?? 0;
      if (load >= limit) {
        throw new GatewayError('concurrency_limit', 'The key has as many requests as its concurrencyLimit allows.', {
          retryAfterSeconds: RETRY_SECONDS,
        });
      }
      loads.set(key, load + 1);
      over.once('close', () => {
        const left = (loads.get(key) ?? 1) - 1;
        if (left === 0) loads.delete(key);
        else loads.set(key, left);
      });
    },
  };
}
