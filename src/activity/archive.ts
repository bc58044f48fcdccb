import { setTimeout as delay } from 'node:timers/promises';
import type { Captures } from './captures.ts';
import { isBusy } from './database.ts';
import { RETRY_MS, TRIES } from './patience.ts';
import { createActivityStore } from './create-store.ts';
import type { ActivityStore, StoreListeners, StorePlan } from './store.ts';

/** The activity of a gateway, wherever it is kept at the moment. */
export interface Archive extends Pick<ActivityStore, 'add' | 'query' | 'stats'> {
  readonly captures: Pick<Captures, 'isEnabled' | 'get'>;
  /**
   * Opens the file that `adopt` will go on with, where it is another one. A locked one is tried again for five seconds.
   * Until then nothing changes.
   *
   * @throws SQLite's error when the file cannot be used.
   */
  prepare(plan: StorePlan): Promise<void>;
  /** Goes on as planned, in another store if need be. Never throws. */
  adopt(plan: StorePlan): void;
  /** Resolves when everything is written and closed. */
  close(): Promise<void>;
}

/**
 * INVARIANTS
 * - Each record belongs to one store, the one in use when it came, and so do its id, its capture and what is read about it.
 * - What a store left behind has not written yet, it writes still, but nobody is told: readers would look for it elsewhere.
 * - Ids go on from store to store: one that has been told never means another entry. Only the entries that a file has from
 *   before may have ids that are known from elsewhere.
 * - What is in memory only is gone with its store, captures as well as entries.
 */
export function createArchive(first: StorePlan, listeners: StoreListeners): Archive {
  let { path } = first;
  let current = createActivityStore(first, listeners);
  let prepared: { readonly path: string | null; readonly store: ActivityStore } | null = null;
  const leaving = new Set<Promise<void>>();
  let closed = false;

  async function prepare(plan: StorePlan): Promise<void> {
    discard();
    if (plan.path === path) {
      if (plan.path !== null) await openPatiently(current);
      return;
    }
    const store = createActivityStore(plan, listeners);
    if (plan.path !== null) await openPatiently(store);
    prepared = { path: plan.path, store };
    if (closed) discard();
  }

  /** @returns The store that has been prepared, or one that opens when it is used. */
  function storeFor(plan: StorePlan): ActivityStore {
    if (prepared?.path !== plan.path) return createActivityStore(plan, listeners);
    const { store } = prepared;
    prepared = null;
    return store;
  }

  function discard(): void {
    if (prepared !== null) leave(prepared.store);
    prepared = null;
  }

  function leave(store: ActivityStore): void {
    const left = store.close().finally(() => leaving.delete(left));
    leaving.add(left);
  }

  return {
    add: (record, stored) => current.add(record, stored),
    query: (query) => current.query(query),
    stats: (model) => current.stats(model),
    captures: {
      get isEnabled() {
        return current.captures.isEnabled;
      },
      get: (id) => current.captures.get(id),
    },
    prepare,
    adopt(plan) {
      if (plan.path !== path) {
        const before = current;
        path = plan.path;
        current = storeFor(plan);
        leave(before);
        current.continueAfter(before.lastId);
      }
      current.resize(plan);
    },
    async close() {
      closed = true;
      discard();
      leave(current);
      await Promise.all(leaving);
    },
  };
}

async function openPatiently(store: ActivityStore): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      store.open();
      return;
    } catch (error) {
      if (!isBusy(error) || tries >= TRIES) throw error;
      await delay(RETRY_MS);
    }
  }
}
