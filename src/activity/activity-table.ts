import type { DatabaseSync } from 'node:sqlite';
import type { ActivityRecord } from './record.ts';
import { INSERT } from './schema.ts';
import { inTransaction } from './transaction.ts';

/** How many rows of a file one round of clearing takes, so that it never holds the gateway up for long. */
const CLEARED_AT_ONCE = 2_000;
/** And how many parts of captures: 4 MiB at most. */
const PARTS_CLEARED_AT_ONCE = 64;

export interface Limits {
  /** Newest rows that are kept; 0 = all. */
  readonly maxRows: number;
  /** 0 = for ever. */
  readonly maxAgeMs: number;
}

/** The table of activity. All calls are synchronous, and throw SQLite's errors. */
export interface ActivityTable {
  /** The highest id ever given. */
  lastId(): number;
  /**
   * Writes all of them or none.
   *
   * @param after The ids are higher than that, and than any that the table has ever given, to whomever.
   * @returns The id of the first one; those of the others follow.
   */
  insert(records: readonly ActivityRecord[], after: number): number;
  /**
   * Removes what is beyond the limits, of a file a part at a time. A row never goes before its capture.
   *
   * @returns Whether there may be more to clear.
   */
  clear(limits: Limits, now: number): boolean;
}

/** @param isFile Then there is a table of captures too. */
export function createActivityTable(db: DatabaseSync, isFile: boolean): ActivityTable {
  const insert = db.prepare(INSERT);
  // The second only where somebody has tidied the first away.
  const highest = db.prepare(
    `SELECT max(coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'activity'), 0),
                coalesce((SELECT max(id) FROM activity), 0)) AS id`,
  );
  const ends = db.prepare('SELECT (SELECT min(id) FROM activity) AS first, (SELECT max(id) FROM activity) AS last');
  const count = db.prepare('SELECT count(*) AS count FROM activity');
  const surplus = createClearing(db, isFile, 'SELECT id FROM activity ORDER BY id LIMIT ?');
  const old = createClearing(db, isFile, 'SELECT id FROM activity WHERE ts_created < ? ORDER BY ts_created LIMIT ?');

  function lastId(): number {
    return Number(highest.get()?.['id']);
  }

  /** Ids have gaps, so their range only tells when there is no need to count: counting a million rows takes a while. */
  function rowsBeyond(maxRows: number): number {
    const { first, last } = ends.get() as { first: number | null; last: number | null };
    if (first === null || last === null || last - first < maxRows) return 0;
    return Math.max(0, Number(count.get()?.['count']) - maxRows);
  }

  return {
    lastId,
    insert: (records, after) =>
      inTransaction(db, () => {
        const first = Math.max(after, lastId()) + 1;
        for (const [index, record] of records.entries()) insert.run(...valuesOf(first + index, record));
        return first;
      }),
    clear: ({ maxRows, maxAgeMs }, now) =>
      inTransaction(db, () => {
        const beyond = maxRows > 0 ? rowsBeyond(maxRows) : 0;
        const isMore = beyond > 0 && surplus(isFile ? Math.min(beyond, CLEARED_AT_ONCE) : beyond);
        return (maxAgeMs > 0 && old(Math.floor((now - maxAgeMs) / 1000), CLEARED_AT_ONCE)) || isMore;
      }),
  };
}

/** @param due Selects the ids of rows that are to go. @returns Removes them, and says whether there may be more. */
function createClearing(db: DatabaseSync, isFile: boolean, due: string): (...values: number[]) => boolean {
  const rows = db.prepare(`DELETE FROM activity WHERE id IN (${due})`);
  const captures = isFile
    ? db.prepare(
        `DELETE FROM capture_parts WHERE position IN
          (SELECT position FROM capture_parts WHERE id IN (${due}) LIMIT ${PARTS_CLEARED_AT_ONCE})`,
      )
    : null;
  return (...values) => {
    const parts = captures?.run(...values).changes ?? 0;
    if (Number(parts) >= PARTS_CLEARED_AT_ONCE) return true;
    return Number(rows.run(...values).changes) >= CLEARED_AT_ONCE;
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
