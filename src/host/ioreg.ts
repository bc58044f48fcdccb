import { totalmem } from 'node:os';
import type { GpuSource } from './gpu-source.ts';
import type { Accelerator } from './hardware.ts';
import { acceleratorOf, parseIoreg, readingOf, type RegistryGpu } from './parse-ioreg.ts';
import { poll, runTool } from './run-tool.ts';
import type { GpuReading } from './samples.ts';

/** The entries of GPUs and not what is below them, as text, in lines that are not cut. */
const ARGUMENTS = ['-r', '-d', '1', '-w', '0', '-c', 'IOAccelerator'];

interface IoregOptions {
  readonly program?: string;
  readonly timeoutMs?: number;
}

/**
 * @param options For tests.
 * @throws Error when the tool fails, is not there, or hangs.
 */
export async function readIoreg(signal: AbortSignal, options: IoregOptions = {}): Promise<GpuReading[]> {
  const gpus = await ask(signal, options);
  return gpus.map((gpu, id) => readingOf(gpu, id, totalmem()));
}

/** The registry of macOS, a part of the system; its tool has no loop: it is run once per tick. */
export function ioreg(options: IoregOptions = {}): GpuSource {
  return {
    name: 'ioreg',
    watch: (everyMs, tick, signal) => poll(() => readIoreg(signal, options), everyMs, tick, signal),
  };
}

/** @param signal Ends a tool that hangs. @returns Nothing when it fails. */
export async function findInRegistry(signal: AbortSignal): Promise<Accelerator[]> {
  const gpus = await ask(signal, {}).catch(() => []);
  return gpus.map((gpu, index) => acceleratorOf(gpu, index, totalmem()));
}

async function ask(signal: AbortSignal, options: IoregOptions): Promise<RegistryGpu[]> {
  const { program = 'ioreg', timeoutMs } = options;
  return parseIoreg(await runTool(program, ARGUMENTS, signal, timeoutMs));
}
