import { setTimeout as delay } from 'node:timers/promises';
import type { GpuSource } from './gpu-source.ts';
import type { GpuReading } from './samples.ts';

const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 60_000;

/**
 * Finds the source that works on this machine, the first in the list that ticks, and keeps it going: one that has
 * ticked and ends is started again, after a while that doubles as long as it does not tick.
 *
 * INVARIANTS
 * - At most one source runs at a time, none after the signal.
 * - A machine without a GPU costs one try per source, once.
 *
 * @returns When the signal aborts, or when no source works. Never rejects.
 */
export async function watchGpus(
  sources: readonly GpuSource[],
  everyMs: number,
  tick: (readings: readonly GpuReading[]) => void,
  signal: AbortSignal,
  options: { retryMs?: number; report?: (message: string) => void } = {},
): Promise<void> {
  const { retryMs = FIRST_RETRY_MS, report = () => {} } = options;
  for (const source of sources) {
    let hasWorked = false;
    let waitMs = retryMs;
    const onTick = (readings: readonly GpuReading[]): void => {
      hasWorked = true;
      waitMs = retryMs;
      tick(readings);
    };
    do {
      const reason = await source.watch(everyMs, onTick, signal).catch(String);
      if (signal.aborted) return;
      if (!hasWorked) break;
      report(`${source.name} ended (${reason}) and is started again`);
      await delay(waitMs, undefined, { signal, ref: false }).catch(() => {});
      waitMs = Math.min(waitMs * 2, LONGEST_RETRY_MS);
    } while (!signal.aborted);
    if (hasWorked) return;
  }
}
