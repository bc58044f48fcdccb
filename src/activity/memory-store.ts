import { createCaptures } from './captures.ts';
import { type ActivityDatabase, openInMemory } from './database.ts';
import { createEntryQueue, messageOf } from './entry-queue.ts';
import { selectPage } from './page.ts';
import type { ActivityRecord } from './record.ts';
import { createReading } from './reading.ts';
import { selectStats } from './stats.ts';
import type { ActivityStore, StoreListeners, StorePlan } from './store.ts';

/**
 * Activity that lasts as long as the gateway.
 *
 * INVARIANTS
 * - A reader sees every record that was added before it asked.
 * - Rows are written when they are read, for nobody can see whether one is there before; those that nobody reads in time
 *   are never written. Their ids they get at once: writing cannot fail.
 * - Memory is bounded: the queue, the rows that are not written, those that are, the captures.
 */
export function createMemoryStore(plan: Omit<StorePlan, 'path'>, listeners: StoreListeners): ActivityStore {
  const { onStored = () => {}, report = () => {}, now = Date.now } = listeners;
  let { limits } = plan;
  const captures = createCaptures(plan.captureBytes);
  const queue = createEntryQueue({ captures, write: number, onStored, report });
  const reading = createReading();
  let database: ActivityDatabase | null = null;
  let lastId = 0;
  /** The newest entries, up to `lastId`. */
  let unwritten: ActivityRecord[] = [];

  function number(): void {
    const { records } = queue;
    if (records.length === 0) return;
    const first = lastId + 1;
    lastId += records.length;
    for (const record of records) unwritten.push(record);
    const { maxRows } = limits;
    if (maxRows > 0 && unwritten.length > maxRows * 2) unwritten = unwritten.slice(-maxRows);
    queue.written(first);
  }

  function written(): ActivityDatabase {
    const target = (database ??= openInMemory());
    number();
    const records = limits.maxRows > 0 ? unwritten.slice(-limits.maxRows) : unwritten;
    if (records.length === 0) return target;
    unwritten = [];
    try {
      target.insert(records, lastId - records.length);
      target.clear(limits, now());
    } catch (error) {
      report(`${records.length} entries could not be kept: ${messageOf(error)}`);
    }
    return target;
  }

  return {
    captures,
    open() {
      database ??= openInMemory();
    },
    add: queue.add,
    query: (query) => selectPage(written().db, query, captures.has),
    stats: (model) => reading.during(async () => selectStats(written().db, model)),
    resize(wanted) {
      limits = wanted.limits;
      captures.setMaxBytes(wanted.captureBytes);
    },
    get lastId() {
      return lastId + queue.records.length;
    },
    continueAfter(id) {
      lastId = Math.max(lastId, id);
    },
    async close() {
      number();
      queue.close();
      await reading.ended();
      database?.close();
      database = null;
    },
  };
}
