import type { GpuReading } from './samples.ts';

/** How long after the last line of a tick it counts as whole. */
const QUIET_MS = 200;

/** Puts readings that arrive one by one together again, a tick at a time. */
export interface TickGrouper {
  add(reading: GpuReading): void;
  /** Delivers what is there. */
  flush(): void;
}

/**
 * A tick is whole when a GPU that it has comes again, or when nothing comes for a while. However many GPUs there are,
 * a tick is one entry of the history.
 */
export function createTickGrouper(
  deliver: (readings: readonly GpuReading[]) => void,
  quietMs: number = QUIET_MS,
): TickGrouper {
  let tick = new Map<number, GpuReading>();
  let timer: NodeJS.Timeout | null = null;

  function flush(): void {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    if (tick.size === 0) return;
    const readings = [...tick.values()];
    tick = new Map();
    deliver(readings);
  }

  return {
    add(reading) {
      if (tick.has(reading.id)) flush();
      tick.set(reading.id, reading);
      if (timer === null) timer = setTimeout(flush, quietMs).unref();
      else timer.refresh();
    },
    flush,
  };
}
