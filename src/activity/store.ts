import { type ActivityDatabase, type Limits, openDatabase } from './database.ts';
import { type ActivityPage, selectPage } from './page.ts';
import type { ActivityQuery } from './parse-query.ts';
import type { ActivityRecord } from './record.ts';
import { type ActivityStats, selectStats } from './stats.ts';

/** How long a record waits for others to be written with it. */
const GATHER_MS = 25;
/** Records waiting to be written; when there are more all of them are given up, and that is reported. */
const LONGEST_QUEUE = 10_000;
/** A locked file is tried again this often, this much later each time. */
const TRIES = 20;
const RETRY_MS = 250;
/** Between two looks for what is too old. */
const CLEAR_EVERY_MS = 60_000;
const SQLITE_BUSY = 5;

export interface ActivityStoreOptions {
  /** A file, or null for memory. */
  readonly path: string | null;
  readonly limits: Limits;
  /** Hears of each entry that has been stored. */
  readonly onStored?: (id: number) => void;
  /** Hears of what could not be stored. */
  readonly report?: (message: string) => void;
  readonly now?: () => number;
}

/** What requests were answered, and how. */
export interface ActivityStore {
  /** Opens it now rather than with the first record. @throws SQLite's error: a file may be refused. */
  open(): void;
  /**
   * Queues a record. Never throws.
   *
   * @param stored Called with the id of its entry before others are told of it.
   */
  add(record: ActivityRecord, stored?: (id: number) => void): void;
  /**
   * @param hasCapture Whether there is a capture of that entry.
   * @throws SQLite's error.
   */
  query(query: ActivityQuery, hasCapture?: (id: number) => boolean): ActivityPage;
  /** @param model null for all of them. Rejects with SQLite's error, also when it is closed meanwhile. */
  stats(model: string | null): Promise<ActivityStats>;
  setLimits(limits: Limits): void;
  /** Writes what waits, and closes the file. */
  close(): void;
}

interface Numbered {
  readonly id: number;
  readonly record: ActivityRecord;
}

interface Waiting {
  readonly record: ActivityRecord;
  readonly stored: ((id: number) => void) | undefined;
}

/**
 * SQLite is loaded and opened with the first record or question, not at start.
 *
 * INVARIANTS
 * - A request never waits for its record: records queue up and are written together, in the order of their end.
 * - A reader sees every record that was added before it asked, unless the file is locked.
 * - Memory is bounded: the queue, the rows in memory.
 * - An id is given when its row is written, one after the other; no row, no id. In memory, where writing cannot fail,
 *   rows are written when they are read, and those that nobody reads in time never.
 * - After `close` nothing is written and no timer runs.
 */
export function createActivityStore(options: ActivityStoreOptions): ActivityStore {
  const { path, onStored, report = () => {}, now = Date.now } = options;
  const isInMemory = path === null;
  let { limits } = options;
  let queue: Waiting[] = [];
  let unwritten: Numbered[] = [];
  let database: ActivityDatabase | null = null;
  let timer: NodeJS.Timeout | null = null;
  let tries = 0;
  let lastId = 0;
  let clearAt = 0;
  let closed = false;

  function open(): ActivityDatabase {
    if (database !== null) return database;
    const opened = openDatabase(path);
    lastId = Math.max(lastId, opened.lastId());
    database = opened;
    return opened;
  }

  function schedule(delayMs: number): void {
    if (timer !== null || closed) return;
    timer = setTimeout(() => {
      timer = null;
      flush();
    }, delayMs);
    timer.unref();
  }

  /** In memory nobody can see whether a row is there before it is asked for, and most go without being asked for. */
  function number(): void {
    const batch = queue;
    queue = [];
    const first = lastId + 1;
    for (const { record } of batch) unwritten.push({ id: ++lastId, record });
    const { maxRows } = limits;
    if (maxRows > 0 && unwritten.length > maxRows * 2) unwritten = unwritten.slice(-maxRows);
    for (const [index, { stored }] of batch.entries()) tell(first + index, stored);
  }

  function writeNumbered(target: ActivityDatabase): void {
    const batch = limits.maxRows > 0 ? unwritten.slice(-limits.maxRows) : unwritten;
    if (batch.length === 0) return;
    unwritten = [];
    try {
      target.insert(batch);
      clear(target);
    } catch (error) {
      report(`${batch.length} entries could not be kept: ${messageOf(error)}`);
    }
  }

  function flush(): void {
    if (isInMemory) {
      number();
      return;
    }
    const batch = queue;
    if (batch.length === 0) return;
    let first = 0;
    try {
      const target = open();
      first = lastId + 1;
      target.insert(batch.map(({ record }, index) => ({ id: first + index, record })));
      queue = [];
      tries = 0;
      lastId += batch.length;
      clear(target);
    } catch (error) {
      if (isBusy(error) && (tries += 1) < TRIES) schedule(RETRY_MS);
      else giveUp(`${batch.length} entries could not be written to the activity store: ${messageOf(error)}`);
      return;
    }
    for (const [index, { stored }] of batch.entries()) tell(first + index, stored);
  }

  function clear(target: ActivityDatabase): void {
    // In memory the bound is kept with every batch; a file is looked at now and then, a part of it at a time.
    if (!isInMemory && now() < clearAt) return;
    const isMore = target.clear(limits, now());
    clearAt = now() + (isMore ? 0 : CLEAR_EVERY_MS);
  }

  function tell(id: number, stored: ((id: number) => void) | undefined): void {
    try {
      stored?.(id);
      onStored?.(id);
    } catch (error) {
      report(`a listener of the activity store failed: ${messageOf(error)}`);
    }
  }

  function giveUp(message: string): void {
    queue = [];
    tries = 0;
    report(message);
  }

  function read<T>(select: (target: ActivityDatabase) => T): T {
    const target = open();
    flush();
    if (isInMemory) writeNumbered(target);
    return select(target);
  }

  return {
    open() {
      open();
    },
    add(record, stored) {
      if (closed) return;
      queue.push({ record, stored });
      if (queue.length > LONGEST_QUEUE) {
        giveUp(`${queue.length} entries were given up: the activity store does not take them`);
      }
      schedule(GATHER_MS);
    },
    query: (query, hasCapture = () => false) => read(({ db }) => selectPage(db, query, hasCapture)),
    stats: async (model) => read(({ db }) => selectStats(db, model)),
    setLimits(wanted) {
      limits = wanted;
      clearAt = 0;
    },
    close() {
      if (closed) return;
      closed = true;
      if (timer !== null) clearTimeout(timer);
      flush();
      database?.close();
      database = null;
    },
  };
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && (Number(error.errcode) & 0xff) === SQLITE_BUSY;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
