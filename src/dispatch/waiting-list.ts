import type { ModelId, UnitId } from '../../machines/shared/ids.ts';
import type { Desk } from './lease.ts';
import { createRoster } from './roster.ts';

/** Somebody who waits for a lease. */
interface Wait {
  readonly signal: AbortSignal;
  readonly unit: UnitId;
  readonly model: ModelId;
  /** On the clock of `performance.now()`. */
  readonly since: number;
}

/** Those who wait for one unit. */
interface WaitingLine {
  readonly unit: UnitId;
  readonly model: ModelId;
  readonly waiting: number;
  /** How long the first of them has waited, in milliseconds. */
  readonly oldestMs: number;
}

/** Somebody has waited, whatever for. */
export interface WaitEnd {
  readonly model: ModelId;
  readonly waitedMs: number;
  /** How many still wait for the model. */
  readonly waiting: number;
}

/** Who gets a lease within this time has not waited. */
const AT_ONCE_MS = 1;

/** A desk whose queue can be looked at. It shows; the orchestrator decides. */
export interface WaitingList extends Desk {
  /** The line that has waited longest first; a line of a higher priority before others. */
  lines(): readonly WaitingLine[];
  /** How many wait for each model that anybody waits for. */
  waiting(): ReadonlyMap<ModelId, number>;
  /**
   * Its place among all who wait, 1 = next; null when it does not wait.
   *
   * @param signal what the wait was begun with
   */
  positionOf(signal: AbortSignal): number | null;
}

/**
 * INVARIANT: whoever is in the list waits; each is taken out when its wait ends, before anybody hears of the end.
 *
 * @param priorityOf as the orchestrator sorts its lines: a higher number first
 */
export function createWaitingList(
  desk: Desk,
  priorityOf: (model: ModelId) => number,
  waited: (wait: WaitEnd) => void,
): WaitingList {
  const waits = createRoster<Wait>();
  const counts = new Map<ModelId, number>();
  /** In the order of service; made when somebody looks, since most waits begin and end unseen. */
  let order: ReadonlyMap<AbortSignal, number> | null = null;

  function ordered(): Wait[] {
    return [...waits].sort((a, b) => priorityOf(b.model) - priorityOf(a.model) || a.since - b.since);
  }

  function count(model: ModelId, by: number): number {
    const waiting = (counts.get(model) ?? 0) + by;
    if (waiting > 0) counts.set(model, waiting);
    else counts.delete(model);
    order = null;
    return waiting;
  }

  return {
    take: (destination) => desk.take(destination),
    acquire(destination, signal, options) {
      const { unit, model } = destination;
      const since = performance.now();
      const place = waits.add({ signal, unit, model, since });
      count(model, 1);
      const lease = desk.acquire(destination, signal, options);
      lease.then(end, end);
      return lease;

      function end(): void {
        waits.remove(place);
        const waiting = count(model, -1);
        const waitedMs = performance.now() - since;
        if (waitedMs >= AT_ONCE_MS) waited({ model, waitedMs, waiting });
      }
    },
    lines() {
      const lines = new Map<UnitId, WaitingLine>();
      const now = performance.now();
      for (const { unit, model, since } of ordered()) {
        const line = lines.get(unit);
        if (line === undefined) lines.set(unit, { unit, model, waiting: 1, oldestMs: now - since });
        else lines.set(unit, { ...line, waiting: line.waiting + 1 });
      }
      return [...lines.values()];
    },
    waiting: () => counts,
    positionOf: (signal) =>
      (order ??= new Map(ordered().map((wait, index) => [wait.signal, index + 1]))).get(signal) ?? null,
  };
}
