/**
 * Things that come and go many times a second.
 *
 * Not a Set or a Map: with such a coming and going V8 makes a new table every few dozen turns, each old one points to
 * the next, and everything that was in any of them is kept until a full collection. That cost more than everything else
 * that is done to watch a request.
 *
 * INVARIANT: a place belongs to one thing at a time, from `add` to `remove`.
 */
export interface Roster<T> extends Iterable<T> {
  readonly size: number;
  /** @returns Its place, to be given to `remove` once. */
  add(thing: T): number;
  remove(place: number): void;
}

export function createRoster<T>(): Roster<T> {
  const places: (T | null)[] = [];
  const free: number[] = [];
  return {
    get size() {
      return places.length - free.length;
    },
    add(thing) {
      const place = free.pop() ?? places.length;
      places[place] = thing;
      return place;
    },
    remove(place) {
      if (places[place] === null) return;
      places[place] = null;
      free.push(place);
    },
    *[Symbol.iterator]() {
      for (const thing of places) if (thing !== null) yield thing;
    },
  };
}
