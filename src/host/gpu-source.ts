import type { GpuReading } from './samples.ts';

/** One way to learn about the GPUs of a machine. */
export interface GpuSource {
  readonly name: string;
  /**
   * Delivers all GPUs once per tick until the signal aborts or the source fails.
   *
   * @returns Why it ended. A source that never ticked is not there on this machine.
   */
  watch(everyMs: number, tick: (readings: readonly GpuReading[]) => void, signal: AbortSignal): Promise<string>;
}
