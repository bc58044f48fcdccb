import { afterEach } from 'vitest';
import type { GpuSource } from '../../src/host/gpu-source.ts';
import { watchGpus } from '../../src/host/gpu-watch.ts';
import type { GpuReading } from '../../src/host/samples.ts';

const controllers: AbortController[] = [];

// Registered when a test file imports this, for a hook that is registered within a test is never run.
afterEach(() => {
  for (const controller of controllers.splice(0)) controller.abort();
});

interface Watch {
  readonly ticks: (readonly GpuReading[])[];
  readonly reports: string[];
  /** When no source works, or after `stop`. */
  readonly ended: Promise<void>;
  stop(): void;
  /** @returns When there have been so many ticks. */
  untilTick(count: number): Promise<void>;
}

/** Watches GPUs as a gateway does, until the end of the test, a hundred times a second and without long retries. */
export function watch(...sources: readonly GpuSource[]): Watch {
  const controller = new AbortController();
  const ticks: (readonly GpuReading[])[] = [];
  const reports: string[] = [];
  let wake = (): void => {};
  controllers.push(controller);
  const ended = watchGpus(
    sources,
    10,
    (readings) => {
      ticks.push(readings);
      wake();
    },
    controller.signal,
    { retryMs: 1, report: (message) => reports.push(message) },
  );
  return {
    ticks,
    reports,
    ended,
    stop: () => controller.abort(),
    untilTick: (count) =>
      new Promise((resolve) => {
        wake = () => {
          if (ticks.length >= count) resolve();
        };
        wake();
      }),
  };
}
