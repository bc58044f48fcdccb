import type { Limits } from './activity-table.ts';
import type { Captures } from './captures.ts';
import type { ActivityPage } from './page.ts';
import type { ActivityQuery } from './parse-query.ts';
import type { ActivityRecord } from './record.ts';
import type { ActivityStats } from './stats.ts';
import type { Stored } from './tell.ts';

/** Where activity is kept, and how much of it. */
export interface StorePlan {
  /** A file, or null for memory. */
  readonly path: string | null;
  readonly limits: Limits;
  /** For captures, in bytes; 0 = none are kept. */
  readonly captureBytes: number;
}

export interface StoreListeners {
  /** Hears of each entry that has been stored. */
  readonly onStored?: (id: number) => void;
  /** Hears of what could not be stored. */
  readonly report?: (message: string) => void;
  readonly now?: () => number;
}

/** What requests were answered, and how: entries, and the captures of the last ones. */
export interface ActivityStore {
  /** The captures that belong to the entries. */
  readonly captures: Captures;
  /** Opens it now rather than with the first record. @throws SQLite's error: a file may be refused. */
  open(): void;
  /**
   * Takes a record; in memory it is an entry at once, for a file it queues. Never throws.
   *
   * @param stored Called with the id of its entry, and the captures of this store, before others are told of it.
   */
  add(record: ActivityRecord, stored?: Stored): void;
  /** Rejects with SQLite's error. */
  query(query: ActivityQuery): Promise<ActivityPage>;
  /** @param model null for all of them. Rejects with SQLite's error. */
  stats(model: string | null): Promise<ActivityStats>;
  /** Goes on with the limits of another plan, and its room for captures. */
  resize(plan: Omit<StorePlan, 'path'>): void;
  /** The highest id that its entries have, those included that wait to be written. */
  readonly lastId: number;
  /** Gives higher ids than that, as if it went on with another store. To be called before the first record. */
  continueAfter(id: number): void;
  /**
   * Takes no more. What waits is written, however long somebody else keeps the file locked (within reason: what is given
   * up is reported), and who reads may read to the end; then it is closed. Never rejects.
   */
  close(): Promise<void>;
}
