import type * as Sqlite from 'node:sqlite';
import type { ActivityRecord } from './record.ts';
import { ADDED_COLUMNS, CREATE, INSERT } from './schema.ts';

/** How many rows of a file one round of clearing takes, so that it never holds the gateway up for long. */
const CLEARED_AT_ONCE = 2_000;
/** As SQLite's LIMIT understands it. */
const ALL = -1;
/** Short: SQLite waits on the thread that serves everybody. Who finds the file locked comes again. */
const LOCK_WAIT_MS = 50;

export interface Limits {
  /** Newest rows that are kept; 0 = all. */
  readonly maxRows: number;
  /** 0 = for ever. */
  readonly maxAgeMs: number;
}

/** The table of activity, open. All calls are synchronous. */
export interface ActivityDatabase {
  readonly db: Sqlite.DatabaseSync;
  /** The highest id ever given. */
  lastId(): number;
  /** All or none. @throws SQLite's error. */
  insert(rows: readonly { readonly id: number; readonly record: ActivityRecord }[]): void;
  /** @returns Whether there may be more to clear. */
  clear(limits: Limits, now: number): boolean;
  close(): void;
}

/**
 * @param path A file, or null for memory.
 * @throws SQLite's error when the file cannot be opened, made or is something else.
 */
export function openDatabase(path: string | null): ActivityDatabase {
  const { DatabaseSync } = loadSqlite();
  const db = new DatabaseSync(path ?? ':memory:', { timeout: LOCK_WAIT_MS });
  try {
    if (path !== null) db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
    db.exec(CREATE);
    addMissingColumns(db);
    return wrap(db, path === null ? ALL : CLEARED_AT_ONCE);
  } catch (error) {
    db.close();
    throw error;
  }
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

function wrap(db: Sqlite.DatabaseSync, clearedAtOnce: number): ActivityDatabase {
  const insert = db.prepare(INSERT);
  const clearByCount = db.prepare(
    `DELETE FROM activity WHERE id IN
      (SELECT id FROM activity WHERE id <= (SELECT max(id) FROM activity) - ? ORDER BY id LIMIT ?)`,
  );
  const clearByAge = db.prepare(
    `DELETE FROM activity WHERE id IN
      (SELECT id FROM activity WHERE ts_created < ? ORDER BY ts_created LIMIT ?)`,
  );
  return {
    db,
    lastId() {
      const row = db.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'activity'").get();
      return Number(row?.['seq'] ?? 0);
    },
    insert(rows) {
      db.exec('BEGIN IMMEDIATE');
      try {
        for (const { id, record } of rows) insert.run(...valuesOf(id, record));
        db.exec('COMMIT');
      } catch (error) {
        if (db.isTransaction) db.exec('ROLLBACK');
        throw error;
      }
    },
    clear({ maxRows, maxAgeMs }, now) {
      let removed = 0;
      if (maxRows > 0) removed += Number(clearByCount.run(maxRows, clearedAtOnce).changes);
      if (maxAgeMs > 0) removed += Number(clearByAge.run(Math.floor((now - maxAgeMs) / 1000), clearedAtOnce).changes);
      return clearedAtOnce !== ALL && removed >= clearedAtOnce;
    },
    close: () => db.close(),
  };
}

function valuesOf(id: number, record: ActivityRecord): (string | number | null)[] {
  const { tokens } = record;
  return [
    id,
    Math.floor(record.at / 1000),
    record.model,
    record.path,
    record.contentType,
    record.status,
    Math.round(tokens.cached),
    Math.round(tokens.drafted),
    Math.round(tokens.draftAccepted),
    Math.round(tokens.input),
    Math.round(tokens.output),
    tokens.promptPerSecond,
    tokens.tokensPerSecond,
    Math.round(record.durationMs),
    record.error,
    JSON.stringify(record.metadata),
    Math.round(record.at),
    record.firstTokenMs,
    record.queueMs,
    record.loadMs,
    record.client,
  ];
}
