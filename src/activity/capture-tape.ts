import type { DatabaseSync } from 'node:sqlite';
import type { Packed } from './capture-store.ts';
import { inTransaction } from './transaction.ts';

/** So much of what is too old goes with one write: more than one write brings, so that the bound holds. */
const CLEARED_AT_ONCE_BYTES = 1024 * 1024;

/** What the bytes of an exchange are; 1 and 2 as `captures.ts` packs them. Others are left alone and not shown. */
const FORMAT = { plain: 1, compressed: 2 };
const KNOWN = `format IN (${FORMAT.plain}, ${FORMAT.compressed})`;

/** A piece of an exchange, or all of it. */
export interface CapturePart {
  /** Of the entry that it belongs to. */
  readonly id: number;
  /** Of the whole exchange, in bytes. */
  readonly size: number;
  readonly isCompressed: boolean;
  readonly bytes: Uint8Array;
}

/** Exchanges in a file. All calls are synchronous, and throw SQLite's errors. */
export interface CaptureTape {
  /**
   * Writes the parts behind those that are there and makes room for them, all or nothing. Those whose entry is gone are
   * left out.
   *
   * @param maxBytes How much is kept. Much more than that goes a part at a time, with each call.
   * @returns Whether there is still more than that.
   */
  write(parts: readonly CapturePart[], maxBytes: number): boolean;
  has(id: number): boolean;
  read(id: number): Packed | null;
}

/**
 * INVARIANTS
 * - Positions only grow, so the newest `maxBytes` are those behind a position: nothing is added up, and no crash can
 *   make a sum wrong.
 * - An exchange is there when all its bytes are. One that was cut, by a crash while it was written or by the bound, is not,
 *   nor is one whose entry is gone.
 */
export function createCaptureTape(db: DatabaseSync): CaptureTape {
  const newest = db.prepare(
    'SELECT position + length(bytes) AS "end" FROM capture_parts ORDER BY position DESC LIMIT 1',
  );
  const oldest = db.prepare('SELECT min(position) AS start FROM capture_parts');
  const insert = db.prepare(
    `INSERT INTO capture_parts (position, id, size, format, bytes)
      SELECT ?1, ?2, ?3, ?4, ?5 WHERE EXISTS (SELECT 1 FROM activity WHERE id = ?2)`,
  );
  const remove = db.prepare('DELETE FROM capture_parts WHERE position < ?');
  const complete = db.prepare(
    `SELECT 1 FROM capture_parts WHERE id = ?1 AND ${KNOWN} AND EXISTS (SELECT 1 FROM activity WHERE id = ?1)
      GROUP BY id HAVING sum(length(bytes)) = max(size)`,
  );
  const read = db.prepare(`SELECT format, bytes FROM capture_parts WHERE id = ? AND ${KNOWN} ORDER BY position`);

  function append(parts: readonly CapturePart[], start: number): number {
    let position = start;
    for (const { id, size, isCompressed, bytes } of parts) {
      const format = isCompressed ? FORMAT.compressed : FORMAT.plain;
      if (insert.run(position, id, size, format, bytes).changes !== 0) position += bytes.length;
    }
    return position;
  }

  return {
    write: (parts, maxBytes) =>
      inTransaction(db, () => {
        const end = append(parts, Number(newest.get()?.['end'] ?? 0));
        const start = Number(oldest.get()?.['start'] ?? end);
        const bound = end - Math.max(0, maxBytes);
        if (start >= bound) return false;
        const until = Math.min(bound, start + CLEARED_AT_ONCE_BYTES);
        remove.run(until);
        return until < bound;
      }),
    has: (id) => complete.get(id) !== undefined,
    read(id) {
      if (complete.get(id) === undefined) return null;
      const parts = read.all(id) as { format: number; bytes: Uint8Array }[];
      const isCompressed = parts[0]?.format === FORMAT.compressed;
      return { bytes: Buffer.concat(parts.map(({ bytes }) => bytes)), isCompressed };
    },
  };
}
