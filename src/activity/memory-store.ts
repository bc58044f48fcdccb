import { createCaptures } from './captures.ts';
import { type ActivityDatabase, openInMemory } from './database.ts';
import { messageOf } from './message-of.ts';
import { selectPage } from './page.ts';
import type { ActivityRecord } from './record.ts';
import { createReading } from './reading.ts';
import { createRecordLog } from './record-log.ts';
import { selectStats } from './stats.ts';
import type { ActivityStore, StoreListeners, StorePlan } from './store.ts';
import { createTell, type Stored } from './tell.ts';

/**
 * Activity that lasts as long as the gateway.
 *
 * INVARIANTS
 * - A reader sees every record that was added before it asked.
 * - Rows are written when they are read, for nobody can see whether one is there before; those that nobody reads in time
 *   are never written.
 * - Their ids they get at once, and are told at once: whoever waits for an id keeps its request in memory, and a few
 *   hundredths of a second of that under load make garbage that only a full collection finds.
 * - Memory is bounded: the rows that are not written, those that are, the captures.
 */
export function createMemoryStore(plan: Omit<StorePlan, 'path'>, listeners: StoreListeners): ActivityStore {
  const { onStored = () => {}, report = () => {}, now = Date.now } = listeners;
  let { limits } = plan;
  const captures = createCaptures(plan.captureBytes);
  const tell = createTell({ captures, onStored, report });
  const reading = createReading();
  let database: ActivityDatabase | null = null;
  let closed = false;
  let lastId = 0;
  /** The newest entries, up to `lastId`. */
  const unwritten = createRecordLog(() => limits.maxRows);

  function add(record: ActivityRecord, stored?: Stored): void {
    if (closed) return;
    lastId += 1;
    unwritten.push(record);
    tell(lastId, stored);
  }

  function written(): ActivityDatabase {
    const target = (database ??= openInMemory());
    if (unwritten.length === 0) return target;
    const records = unwritten.take(limits.maxRows);
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
    add,
    query: (query) => reading.during(async () => selectPage(written().db, query, captures.has)),
    stats: (model) => reading.during(async () => selectStats(written().db, model)),
    resize(wanted) {
      limits = wanted.limits;
      captures.setMaxBytes(wanted.captureBytes);
    },
    get lastId() {
      return lastId;
    },
    continueAfter(id) {
      lastId = Math.max(lastId, id);
    },
    async close() {
      closed = true;
      await reading.ended();
      database?.close();
      database = null;
    },
  };
}
