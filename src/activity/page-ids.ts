import type { DatabaseSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ROWS_AT_ONCE } from './patience.ts';

/** Which entries, in which order. */
export interface Sorting {
  /** As SQL, for all entries `1`. */
  readonly condition: string;
  readonly values: readonly (string | number)[];
  readonly column: string;
  readonly order: 'asc' | 'desc';
}

/** From one place among them to another. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
  /** How many there are. */
  readonly total: number;
}

/** Entries in the order of their ids: places in `ids` and `keys`. A key of a text is its rank. */
interface Columns {
  readonly ids: Float64Array;
  readonly keys: Float64Array;
}

/**
 * The ids from one place in an order to another, where no index leads there. Everything is read, in pieces, and what is
 * not on the page is put aside, a half at a time: sorting all of a million rows would hold everybody up for seconds.
 */
export async function idsOfPage(db: DatabaseSync, sorting: Sorting, { from, to, total }: Stretch): Promise<number[]> {
  const columns = await readColumns(db, sorting, total);
  const count = columns.ids.length;
  const isUp = sorting.order === 'asc';
  const all = new Uint32Array(count);
  for (let place = 0; place < count; place += 1) all[place] = place;
  // Since they were counted, the oldest may have gone.
  const places = await between(
    all,
    columns.keys,
    isUp ? from : Math.max(0, count - to),
    isUp ? to : Math.max(0, count - from),
  );
  const ids = places.map((place) => columns.ids[place] ?? 0);
  return isUp ? ids : ids.reverse();
}

async function readColumns(db: DatabaseSync, sorting: Sorting, total: number): Promise<Columns> {
  const statement = db.prepare(
    `SELECT id, ${sorting.column}, ${sorting.condition} FROM activity WHERE id > ? ORDER BY id LIMIT ${ROWS_AT_ONCE}`,
  );
  statement.setReturnArrays(true);
  const ids = new Float64Array(total);
  const keys = new Float64Array(total);
  const texts = new Map<string, number>();
  let count = 0;
  for (let last = 0; ;) {
    const rows = statement.all(...sorting.values, last) as unknown as [number, number | string, number][];
    for (const [id, key, fits] of rows) {
      // Since they were counted, others may have come.
      if (fits !== 1 || count === total) continue;
      ids[count] = id;
      keys[count] = typeof key === 'number' ? key : numberOf(key, texts);
      count += 1;
    }
    if (rows.length < ROWS_AT_ONCE || count === total) break;
    last = rows.at(-1)?.[0] ?? last;
    await nextTurn();
  }
  const columns = { ids: ids.subarray(0, count), keys: keys.subarray(0, count) };
  if (texts.size > 0) rank(columns.keys, [...texts.keys()]);
  return columns;
}

function numberOf(text: string, texts: Map<string, number>): number {
  const known = texts.get(text);
  if (known !== undefined) return known;
  texts.set(text, texts.size);
  return texts.size - 1;
}

/** Makes of each number of a text its rank, in the order of SQLite: that of the bytes. */
function rank(keys: Float64Array, texts: readonly string[]): void {
  const ranks = new Float64Array(texts.length);
  const sorted = texts.map((text, number) => ({ bytes: Buffer.from(text), number }));
  sorted.sort((a, b) => Buffer.compare(a.bytes, b.bytes));
  for (const [place, { number }] of sorted.entries()) ranks[number] = place;
  for (let place = 0; place < keys.length; place += 1) keys[place] = ranks[keys[place]!]!;
}

/** What is from one place to another when these are sorted by their keys; equal ones keep their order. */
async function between(places: Uint32Array, keys: Float64Array, from: number, to: number): Promise<number[]> {
  if (from >= to) return [];
  const keyOf = (place: number | undefined): number => keys[place ?? 0] ?? 0;
  if (places.length <= ROWS_AT_ONCE) {
    return [...places].sort((a, b) => keyOf(a) - keyOf(b) || a - b).slice(from, to);
  }
  const pivot = keyOf(places[Math.floor(Math.random() * places.length)]);
  const [less, equal, more] = part(places, keys, pivot);
  await nextTurn();
  const atMore = less.length + equal.length;
  return [
    ...(await between(less, keys, from, Math.min(to, less.length))),
    ...equal.subarray(Math.max(0, from - less.length), Math.max(0, to - less.length)),
    ...(await between(more, keys, Math.max(0, from - atMore), to - atMore)),
  ];
}

/** Those whose keys are less than the pivot, equal to it, and more. A loop: a million calls would be felt. */
function part(places: Uint32Array, keys: Float64Array, pivot: number): [Uint32Array, Uint32Array, Uint32Array] {
  const less = new Uint32Array(places.length);
  const more = new Uint32Array(places.length);
  const equal = new Uint32Array(places.length);
  let lessCount = 0;
  let equalCount = 0;
  let moreCount = 0;
  for (let i = 0; i < places.length; i += 1) {
    const place = places[i]!;
    const key = keys[place]!;
    if (key < pivot) less[lessCount++] = place;
    else if (key > pivot) more[moreCount++] = place;
    else equal[equalCount++] = place;
  }
  return [less.subarray(0, lessCount), equal.subarray(0, equalCount), more.subarray(0, moreCount)];
}
