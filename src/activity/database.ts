import { closeSync, openSync } from 'node:fs';
import { resolve } from 'node:path';
import type * as Sqlite from 'node:sqlite';
import { type ActivityTable, createActivityTable } from './activity-table.ts';
import { type CaptureTape, createCaptureTape } from './capture-tape.ts';
import { ADDED_COLUMNS, CREATE, CREATE_CAPTURES } from './schema.ts';

/** Very short: SQLite waits on the thread that serves everybody. Who finds the file locked comes again. */
const LOCK_WAIT_MS = 10;
/** Prompts and answers are nobody else's business. What SQLite keeps beside the file gets the mode of the file. */
const PRIVATE = 0o600;
/**
 * Pages of 4 KiB in the log that make SQLite copy them into the file, in the middle of a commit: a quarter of what it
 * would gather by itself, for a quarter of the time in which nobody is served.
 */
const PAGES_IN_LOG = 256;
const SQLITE_BUSY = 5;

/** A database of activity, open. All calls are synchronous. */
export interface ActivityDatabase extends ActivityTable {
  readonly db: Sqlite.DatabaseSync;
  close(): void;
}

/** One in a file, which holds captures too. */
export interface ActivityFile extends ActivityDatabase {
  readonly captures: CaptureTape;
}

/** A database that is gone when it is closed. */
export function openInMemory(): ActivityDatabase {
  const db = connect(':memory:');
  db.exec(CREATE);
  addMissingColumns(db);
  return { db, ...createActivityTable(db, false), close: () => db.close() };
}

/**
 * Makes the file where there is none, for its owner only.
 *
 * @throws SQLite's error, or the system's, when it cannot be opened, made or is something else.
 */
export function openFile(path: string): ActivityFile {
  // Absolute, for SQLite has words that are no paths, and others that are URIs.
  const file = resolve(path);
  // One that is there keeps its mode: somebody may have chosen it.
  closeSync(openSync(file, 'a', PRIVATE));
  const db = connect(file);
  try {
    db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = ${PAGES_IN_LOG}`);
    db.exec(CREATE);
    addMissingColumns(db);
    db.exec(CREATE_CAPTURES);
    const table = createActivityTable(db, true);
    return { db, ...table, captures: createCaptureTape(db), close: () => db.close() };
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Whether somebody else has locked the file, so that it may help to come again. */
export function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && (Number(error.errcode) & 0xff) === SQLITE_BUSY;
}

function connect(path: string): Sqlite.DatabaseSync {
  const { DatabaseSync } = loadSqlite();
  return new DatabaseSync(path, { timeout: LOCK_WAIT_MS });
}

/**
 * The first versions of Node 24 warn that the module may change; that is no news to who runs a gateway. Loaded when it
 * is needed, and in one go, so that no other warning is lost.
 */
function loadSqlite(): typeof Sqlite {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return process.getBuiltinModule('node:sqlite');
  } finally {
    process.emitWarning = emitWarning;
  }
}

function addMissingColumns(db: Sqlite.DatabaseSync): void {
  const present = new Set(
    db
      .prepare('PRAGMA table_info(activity)')
      .all()
      .map((column) => column['name']),
  );
  for (const [name, type] of Object.entries(ADDED_COLUMNS)) {
    if (!present.has(name)) db.exec(`ALTER TABLE activity ADD COLUMN ${name} ${type}`);
  }
}
