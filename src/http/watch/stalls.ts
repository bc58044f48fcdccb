import type { ModelId } from '../../../machines/shared/ids.ts';
import { createRoster } from '../../dispatch/roster.ts';
import { modelOf, type Trip } from './trip.ts';

/** Looks at an answer within the time that it may be silent for. */
const LOOKS = 4;
const LONGEST_PAUSE_MS = 1_000;

/** The first look only begins to count: it may come a moment after the headers. */
const UNSEEN = -1;

/** An answer that is looked at. */
interface Followed {
  readonly trip: Trip;
  readonly limitMs: number;
  /** Of the answer when somebody last looked. */
  bytes: number;
  quietMs: number;
  place: number;
}

/**
 * Finds answers that have begun and of which nothing comes any more.
 *
 * INVARIANTS
 * - A chunk costs nothing; a timer runs only while answers of models with a limit are in flight.
 * - Found is only what was silent for all of its limit: what counts are looks at which nothing was new, and between two
 *   looks everything that has arrived is read. So a gateway that was held up itself finds nothing.
 * - A client that does not read is no silence of the model's.
 */
export interface Stalls {
  /** Models that may not be silent for longer, in milliseconds; for answers that begin from now on. */
  setLimits(limits: ReadonlyMap<ModelId, number>): void;
  /** The headers of the trip's answer are there. */
  follow(trip: Trip): void;
}

/** @param found Told once about each. */
export function createStalls(found: (trip: Trip, limitMs: number) => void): Stalls {
  const followed = createRoster<Followed>();
  let limits: ReadonlyMap<ModelId, number> = new Map();
  let pauseMs = LONGEST_PAUSE_MS;
  let timer: NodeJS.Timeout | null = null;

  function look(passedMs: number): void {
    timer = null;
    for (const each of followed) {
      const { trip, limitMs } = each;
      if (trip.isOver || trip.res.writableEnded) followed.remove(each.place);
      else if (trip.bytes !== each.bytes || trip.res.writableNeedDrain) {
        each.bytes = trip.bytes;
        each.quietMs = 0;
      } else if ((each.quietMs += passedMs) >= limitMs) {
        followed.remove(each.place);
        found(trip, limitMs);
      }
    }
    if (followed.size > 0) watch();
  }

  function watch(): void {
    timer ??= setTimeout(look, pauseMs, pauseMs).unref();
  }

  return {
    setLimits(wanted) {
      limits = wanted;
      pauseMs = Math.min(LONGEST_PAUSE_MS, ...[...wanted.values()].map((limitMs) => Math.ceil(limitMs / LOOKS)));
    },
    follow(trip) {
      if (limits.size === 0) return;
      const limitMs = limits.get(modelOf(trip));
      if (limitMs === undefined) return;
      const each: Followed = { trip, limitMs, bytes: UNSEEN, quietMs: 0, place: -1 };
      each.place = followed.add(each);
      watch();
    },
  };
}
