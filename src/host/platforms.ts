import { arch, cpus, totalmem } from 'node:os';
import { findCards, findNvidia } from './find-accelerators.ts';
import type { GpuSource } from './gpu-source.ts';
import type { Accelerator } from './hardware.ts';
import { findInRegistry, ioreg } from './ioreg.ts';
import { lact } from './lact.ts';
import { mactop } from './mactop.ts';
import { nvidiaSmi } from './nvidia-smi.ts';
import { rocmSmi } from './rocm-smi.ts';
import { findAdapters, windowsCounters } from './windows-gpus.ts';

/** Whom a system is asked about its GPUs. */
interface GpuPlatform {
  /** The first that ticks is the one. */
  sources(): readonly GpuSource[];
  /** Who finds a GPU of a maker knows all of that maker: those after it are not believed about these. */
  readonly finders: readonly ((signal: AbortSignal) => Promise<readonly Accelerator[]>)[];
}

const PLATFORMS: Partial<Record<NodeJS.Platform, GpuPlatform>> = {
  linux: { sources: () => [lact(), nvidiaSmi(), rocmSmi()], finders: [findNvidia, () => findCards()] },
  darwin: { sources: () => [mactop(), ioreg()], finders: [findInRegistry, findApple] },
  win32: { sources: () => [nvidiaSmi(), windowsCounters()], finders: [findNvidia, findAdapters] },
};
const OTHERS: GpuPlatform = { sources: () => [nvidiaSmi()], finders: [findNvidia] };

/** @returns What may tell about the GPUs of a system, in the order of preference. */
export function gpuSources(platform: NodeJS.Platform): readonly GpuSource[] {
  return platformOf(platform).sources();
}

/** @param signal Ends what takes too long; what is known until then is told. */
export async function findAccelerators(platform: NodeJS.Platform, signal: AbortSignal): Promise<Accelerator[]> {
  const found: Accelerator[] = [];
  for (const find of platformOf(platform).finders) {
    const known = new Set(found.map(({ vendor }) => vendor));
    found.push(...(await find(signal)).filter(({ vendor }) => !known.has(vendor)));
  }
  return found.map((accelerator, index) => ({ ...accelerator, index }));
}

function platformOf(platform: NodeJS.Platform): GpuPlatform {
  return PLATFORMS[platform] ?? OTHERS;
}

/** Each Apple chip has one: a part of the processor, with the same memory. */
async function findApple(): Promise<readonly Accelerator[]> {
  if (arch() !== 'arm64') return [];
  return [
    {
      index: 0,
      kind: 'gpu',
      vendor: 'Apple',
      model: cpus()[0]?.model ?? null,
      architecture: null,
      memory: { kind: 'unified', capacity_bytes: totalmem() },
      driver: null,
      power_limit_watts: null,
    },
  ];
}
