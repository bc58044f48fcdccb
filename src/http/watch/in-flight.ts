import { createRoster } from '../../dispatch/roster.ts';
import { type InFlightEntry, inFlightEntry } from './in-flight-entry.ts';
import type { Trip } from './trip.ts';

/** Between two looks at how much of the answers has passed, in milliseconds. */
const LOOK_EVERY_MS = 250;

type InFlightUpdate =
  | { readonly operation: 'snapshot'; readonly requests?: readonly InFlightEntry[] }
  | { readonly operation: 'upsert'; readonly request: InFlightEntry }
  | { readonly operation: 'remove'; readonly id: string };

/** The requests that are being served or wait to be. */
export interface InFlight {
  add(trip: Trip): void;
  remove(trip: Trip): void;
  /** Who listens is told at once: its answer has begun. */
  answered(trip: Trip): void;
  get(id: string): Trip | undefined;
  /** The trips by their start. */
  trips(): readonly Trip[];
  snapshot(): InFlightUpdate;
  /** @returns Ends the subscription. The listener must not throw. */
  subscribe(listener: (update: InFlightUpdate) => void): () => void;
}

/**
 * INVARIANTS
 * - While nobody listens, a request costs an insertion and a removal.
 * - Who listens hears of each request: its start, the headers of its answer, its end; and in between at most once per
 *   LOOK_EVERY_MS, when something has changed. No timer runs while nobody listens or nothing is in flight.
 *
 * @param position of a request that waits, by what it waits with; 1 = next
 */
export function createInFlight(position: (signal: AbortSignal) => number | null): InFlight {
  const trips = createRoster<Trip>();
  let listeners: readonly ((update: InFlightUpdate) => void)[] = [];
  /** What was told last about each request, to see whether there is news. */
  let told = new Map<number, string>();
  let timer: NodeJS.Timeout | null = null;

  function byStart(): Trip[] {
    return [...trips].sort((a, b) => a.id - b.id);
  }

  function tell(update: InFlightUpdate): void {
    for (const listener of listeners) listener(update);
  }

  function upsert(trip: Trip): void {
    told.set(trip.id, newsOf(trip));
    tell({ operation: 'upsert', request: inFlightEntry(trip, position) });
  }

  function newsOf({ stage, bytes, wait }: Trip): string {
    return `${stage} ${bytes} ${wait === null ? '' : position(wait.signal)}`;
  }

  function look(): void {
    for (const trip of trips) if (told.get(trip.id) !== newsOf(trip)) upsert(trip);
  }

  function watch(): void {
    const isNeeded = listeners.length > 0 && trips.size > 0;
    if (isNeeded) timer ??= setInterval(look, LOOK_EVERY_MS).unref();
    else if (timer !== null) {
      clearInterval(timer);
      timer = null;
    }
  }

  return {
    add(trip) {
      trip.place = trips.add(trip);
      if (listeners.length === 0) return;
      // Its handler goes on before that, and then it is known which model the name stands for.
      queueMicrotask(() => {
        if (trip.place !== null) upsert(trip);
      });
      watch();
    },
    remove(trip) {
      if (trip.place === null) return;
      trips.remove(trip.place);
      trip.place = null;
      if (listeners.length === 0) return;
      told.delete(trip.id);
      tell({ operation: 'remove', id: String(trip.id) });
      watch();
    },
    answered(trip) {
      if (listeners.length > 0 && trip.place !== null) upsert(trip);
    },
    get: (id) => [...trips].find((trip) => String(trip.id) === id),
    trips: byStart,
    snapshot() {
      const requests = byStart().map((trip) => inFlightEntry(trip, position));
      return { operation: 'snapshot', ...(requests.length > 0 && { requests }) };
    },
    subscribe(listener) {
      listeners = [...listeners, listener];
      watch();
      return () => {
        listeners = listeners.filter((other) => other !== listener);
        if (listeners.length === 0) told = new Map();
        watch();
      };
    },
  };
}
