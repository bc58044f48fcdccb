import type { ActivityRecord } from './record.ts';
import { createTell, type Stored, type TellOptions } from './tell.ts';

/** How long a record waits for others to be written with it. */
const GATHER_MS = 25;
/** Records waiting to be written; when there are more all of them are given up, and that is reported. */
const LONGEST_QUEUE = 10_000;

interface EntryQueueOptions extends TellOptions {
  /** Writes what waits; is called a moment after something has come. Must not throw. */
  readonly write: () => void;
}

/** Records that wait to be written together. */
export interface EntryQueue {
  readonly records: readonly ActivityRecord[];
  /** Never throws. */
  add(record: ActivityRecord, stored?: Stored): void;
  /** Has `write` called after so many milliseconds, or sooner if that has been asked for. */
  wake(afterMs?: number): void;
  /**
   * All records have become entries: those who wait for an id are told theirs, and nothing waits any more.
   *
   * @param first The id of the first one.
   */
  written(first: number): void;
  /** All records are lost; why, is reported. */
  giveUp(message: string): void;
  /** From now on nothing is taken, nobody but the requests themselves is told anything, and `wake` does nothing. */
  close(): void;
}

/**
 * INVARIANTS
 * - A request never waits for its record.
 * - Entries are told in the order in which their records came, each to its own request first, and once.
 */
export function createEntryQueue({ captures, write, onStored, report }: EntryQueueOptions): EntryQueue {
  let records: ActivityRecord[] = [];
  let listeners: (Stored | undefined)[] = [];
  let timer: NodeJS.Timeout | null = null;
  let closed = false;
  const tell = createTell({
    captures,
    onStored(id) {
      if (!closed) onStored(id);
    },
    report,
  });

  function wake(afterMs = GATHER_MS): void {
    if (timer !== null || closed) return;
    timer = setTimeout(() => {
      timer = null;
      write();
    }, afterMs);
    timer.unref();
  }

  function clear(): void {
    records = [];
    listeners = [];
  }

  function giveUp(message: string): void {
    clear();
    report(message);
  }

  return {
    get records() {
      return records;
    },
    add(record, stored) {
      if (closed) return;
      records.push(record);
      listeners.push(stored);
      if (records.length > LONGEST_QUEUE) {
        giveUp(`${records.length} entries were given up: the activity store does not take them`);
      }
      wake();
    },
    wake,
    written(first) {
      const told = listeners;
      clear();
      for (const [index, stored] of told.entries()) tell(first + index, stored);
    },
    giveUp,
    close() {
      closed = true;
      if (timer !== null) clearTimeout(timer);
      timer = null;
    },
  };
}
