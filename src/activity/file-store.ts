import { statSync } from 'node:fs';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { createCaptures } from './captures.ts';
import { createCaptureShelf } from './capture-shelf.ts';
import { type ActivityFile, isBusy, openFile } from './database.ts';
import { createEntryQueue } from './entry-queue.ts';
import { messageOf } from './message-of.ts';
import { selectPage } from './page.ts';
import { RETRY_MS, TRIES } from './patience.ts';
import { createReading } from './reading.ts';
import { selectStats } from './stats.ts';
import type { ActivityStore, StoreListeners, StorePlan } from './store.ts';

/** Between two looks for what is too old. */
const CLEAR_EVERY_MS = 60_000;
const OTHERS_MAY_READ = 0o004;

/**
 * Activity in a file.
 *
 * INVARIANTS
 * - A request never waits for the file: records and captures queue up and are written in turns of bounded length.
 * - A reader sees every record that was added before it asked, unless the file is locked.
 * - An id is given when its row is written, one after the other; no row, no id. A capture is written after its row.
 * - Memory is bounded: the queue, the captures that wait.
 * - After `close` has resolved nothing is written and no timer runs.
 */
export function createFileStore(
  { path, captureBytes, ...plan }: StorePlan & { readonly path: string },
  { onStored = () => {}, report = () => {}, now = Date.now }: StoreListeners,
): ActivityStore {
  let { limits } = plan;
  const shelf = createCaptureShelf(
    captureBytes,
    () => open().captures,
    () => queue.wake(),
  );
  const captures = createCaptures(captureBytes, shelf);
  const queue = createEntryQueue({ captures, write: turn, onStored, report });
  const reading = createReading();
  let database: ActivityFile | null = null;
  let ending: Promise<void> | null = null;
  let isClosed = false;
  /** How often in a row the file was found locked. */
  let tries = 0;
  let lastId = 0;
  let clearAt = 0;
  let clearing: NodeJS.Timeout | undefined;

  function open(): ActivityFile {
    if (database !== null) return database;
    if (isClosed) throw new Error('the activity store is closed');
    const opened = openFile(path);
    lastId = Math.max(lastId, opened.lastId());
    database = opened;
    if (captures.isEnabled && mayBeReadByOthers(path)) {
      report('other users may read the file of store.path, which holds what people ask; chmod 600 makes it private');
    }
    // What is too old goes from a quiet gateway, too; and the file may have come with more than is to be kept.
    clearing = setInterval(turn, CLEAR_EVERY_MS).unref();
    queue.wake();
    return opened;
  }

  function turn(): void {
    if (queue.records.length > 0 && !attempt(writeRecords, giveUpRecords)) return;
    if (database === null) return;
    clear(database);
    if (!shelf.isBehind) return;
    if (attempt(shelf.write, giveUpCaptures) && shelf.isBehind) queue.wake();
  }

  /** @returns false when the file is locked, and all that is left to do is to come again. */
  function attempt(work: () => void, giveUp: (reason: string) => void): boolean {
    try {
      work();
      tries = 0;
      return true;
    } catch (error) {
      tries += 1;
      if (isBusy(error) && tries < TRIES) {
        queue.wake(RETRY_MS);
        return false;
      }
      tries = 0;
      giveUp(messageOf(error));
      return true;
    }
  }

  function writeRecords(): void {
    const { records } = queue;
    const target = open();
    const first = target.insert(records, lastId);
    lastId = first + records.length - 1;
    queue.written(first);
  }

  function giveUpRecords(reason: string): void {
    queue.giveUp(`${queue.records.length} entries could not be written to the activity store: ${reason}`);
  }

  function giveUpCaptures(reason: string): void {
    const count = shelf.giveUp();
    if (count > 0) report(`${count} captures could not be written to the activity store: ${reason}`);
  }

  function clear(target: ActivityFile): void {
    if (now() < clearAt) return;
    clearAt = now() + CLEAR_EVERY_MS;
    try {
      if (!target.clear(limits, now())) return;
      clearAt = 0;
      queue.wake();
    } catch (error) {
      if (!isBusy(error)) report(`what is old could not be cleared from the activity store: ${messageOf(error)}`);
    }
  }

  /** For readers, who do not ask again for a file that has just been found locked. */
  function written(): ActivityFile {
    const target = open();
    if (queue.records.length > 0 && tries === 0 && attempt(writeRecords, giveUpRecords)) clear(target);
    return target;
  }

  async function end(): Promise<void> {
    // While everybody is still told.
    turn();
    queue.close();
    await drain();
    await captures.settled();
    await drain();
    await reading.ended();
    isClosed = true;
    clearInterval(clearing);
    try {
      database?.close();
    } catch (error) {
      report(`the activity store could not be closed: ${messageOf(error)}`);
    }
    database = null;
  }

  async function drain(): Promise<void> {
    while (queue.records.length > 0 || shelf.waiting > 0) {
      turn();
      await (tries > 0 ? delay(RETRY_MS) : nextTurn());
    }
  }

  return {
    captures,
    open() {
      open();
    },
    add: queue.add,
    query: (query) => reading.during(async () => selectPage(written().db, query, captures.has)),
    stats: (model) => reading.during(async () => selectStats(written().db, model)),
    resize(wanted) {
      limits = wanted.limits;
      clearAt = 0;
      captures.setMaxBytes(wanted.captureBytes);
    },
    get lastId() {
      return lastId + queue.records.length;
    },
    continueAfter(id) {
      lastId = Math.max(lastId, id);
    },
    close: () => (ending ??= end()),
  };
}

/** Windows has no such bits. */
function mayBeReadByOthers(path: string): boolean {
  return process.platform !== 'win32' && (statSync(path).mode & OTHERS_MAY_READ) !== 0;
}
