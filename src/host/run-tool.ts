import { execFile } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { GpuReading } from './samples.ts';

const run = promisify(execFile);

const TIMEOUT_MS = 5_000;
/** An entry of the registry of macOS with the legends of its counters has tens of kilobytes. */
const LONGEST_OUTPUT = 16 * 1024 * 1024;

/**
 * Runs a tool to its end.
 *
 * @param signal Ends it early.
 * @returns What it printed. @throws Error when it fails, is not there, or takes longer than `timeoutMs`.
 */
export async function runTool(
  program: string,
  args: readonly string[],
  signal: AbortSignal,
  timeoutMs = TIMEOUT_MS,
): Promise<string> {
  const { stdout } = await run(program, args, {
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    maxBuffer: LONGEST_OUTPUT,
    windowsHide: true,
    signal,
  });
  return stdout;
}

/**
 * Asks a tool without a loop of its own once per tick.
 *
 * @param read All GPUs. None, or a rejection, is the end.
 * @returns Why it ended. Never rejects.
 */
export async function poll(
  read: () => Promise<readonly GpuReading[]>,
  everyMs: number,
  tick: (readings: readonly GpuReading[]) => void,
  signal: AbortSignal,
): Promise<string> {
  try {
    for (;;) {
      const readings = await read();
      if (readings.length === 0) return 'it shows no GPU';
      tick(readings);
      await delay(everyMs, undefined, { signal, ref: false });
    }
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
