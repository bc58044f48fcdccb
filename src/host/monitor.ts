import type { GpuSource } from './gpu-source.ts';
import { watchGpus } from './gpu-watch.ts';
import { gpuSources } from './platforms.ts';
import { createRing } from './ring.ts';
import type { GpuSample, SystemSample } from './samples.ts';
import { createSystemSampler, type SystemSampler } from './system-sampler.ts';

const HISTORY_MS = 3_600_000;
/** The first sample comes sooner than the others, so that a page has something to show. */
const FIRST_SAMPLE_MS = 1_000;

/** The answer of `GET /api/performance`, as long as there is a monitor. */
interface PerformanceAnswer {
  readonly enabled: true;
  readonly sys_stats: readonly SystemSample[] | null;
  /** All GPUs, tick after tick. */
  readonly gpu_stats: readonly GpuSample[] | null;
}

export interface HostMonitor {
  /** Returns at once. */
  start(): void;
  /** @param after Epoch milliseconds: only later samples, and always lists; null: everything, null while there is none. */
  read(after: number | null): PerformanceAnswer;
  /** The last sample of the machine and the last tick of its GPUs; null before there is one. */
  latest(): { readonly system: SystemSample; readonly gpus: readonly GpuSample[] } | null;
  /** Ends timers and processes. */
  stop(): void;
}

export interface HostMonitorOptions {
  readonly everyMs: number;
  readonly report?: (message: string) => void;
  /** For tests; in the order of preference. */
  readonly sources?: readonly GpuSource[];
  readonly sampler?: SystemSampler;
  readonly now?: () => number;
  readonly firstSampleMs?: number;
}

interface Stamped<T> {
  readonly at: number;
  readonly value: T;
}

/**
 * INVARIANTS
 * - An hour is kept, of the machine and of its GPUs, however many GPUs there are.
 * - Nothing here keeps the program alive, delays its start, or throws where nobody catches.
 */
export function createHostMonitor(options: HostMonitorOptions): HostMonitor {
  const { everyMs, report = () => {}, now = Date.now, sampler = createSystemSampler() } = options;
  const { sources = gpuSources(process.platform), firstSampleMs = Math.min(FIRST_SAMPLE_MS, everyMs) } = options;
  const system = createRing<Stamped<SystemSample>>(HISTORY_MS / everyMs);
  const gpus = createRing<Stamped<readonly GpuSample[]>>(HISTORY_MS / everyMs);
  const stopping = new AbortController();
  let timer: NodeJS.Timeout | null = null;
  let hasFailed = false;

  async function sample(keep: boolean, nextMs: number): Promise<void> {
    const at = now();
    try {
      const value = await sampler.take(at);
      if (keep) system.push({ at, value });
    } catch (error) {
      if (!hasFailed)
        report(`the machine cannot be watched: ${error instanceof Error ? error.message : String(error)}`);
      hasFailed = true;
    }
    if (stopping.signal.aborted) return;
    timer = setTimeout(() => void sample(true, everyMs), nextMs).unref();
  }

  return {
    start() {
      void sample(false, firstSampleMs);
      void watchGpus(
        sources,
        everyMs,
        (readings) => {
          const at = now();
          const timestamp = new Date(at).toISOString();
          gpus.push({ at, value: readings.map((reading) => ({ timestamp, ...reading })) });
        },
        stopping.signal,
        { report },
      );
    },
    read(after) {
      const systemStats = later(system.values(), after);
      const gpuStats = later(gpus.values(), after).flat();
      return {
        enabled: true,
        sys_stats: after === null && systemStats.length === 0 ? null : systemStats,
        gpu_stats: after === null && gpuStats.length === 0 ? null : gpuStats,
      };
    },
    latest() {
      const last = system.last();
      return last === null ? null : { system: last.value, gpus: gpus.last()?.value ?? [] };
    },
    stop() {
      stopping.abort();
      if (timer !== null) clearTimeout(timer);
    },
  };
}

function later<T>(stamped: readonly Stamped<T>[], after: number | null): T[] {
  return stamped.filter(({ at }) => after === null || at > after).map(({ value }) => value);
}
