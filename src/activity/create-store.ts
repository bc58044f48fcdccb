import { createFileStore } from './file-store.ts';
import { createMemoryStore } from './memory-store.ts';
import type { ActivityStore, StoreListeners, StorePlan } from './store.ts';

/** SQLite is loaded and opened with the first record or question, not at start. */
export function createActivityStore(plan: StorePlan, listeners: StoreListeners = {}): ActivityStore {
  const { path } = plan;
  return path === null ? createMemoryStore(plan, listeners) : createFileStore({ ...plan, path }, listeners);
}
