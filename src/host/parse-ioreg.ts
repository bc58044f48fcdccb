import type { Accelerator } from './hardware.ts';
import { type GpuReading, percentOf } from './samples.ts';

const MB = 1024 * 1024;

/** By the class of its driver. Apple comes last, for it names drivers for the GPUs of others. */
const VENDORS: readonly (readonly [RegExp, string])[] = [
  [/^AMD|^ATI/, 'AMD'],
  [/^Intel|^AppleIntel/, 'Intel'],
  [/^NV|^nv|^GeForce/, 'NVIDIA'],
  [/^AGX|^Apple/, 'Apple'],
];

/** What the drivers of Apple, of Intel and AMD call the same thing; the first that is there counts. */
const STATISTICS = {
  busy: ['Device Utilization %', 'GPU Activity(%)'],
  temperature: ['Temperature(C)'],
  fan: ['Fan Speed(%)'],
  power: ['Total Power(W)'],
  // What is in use, not what programs have reserved, which may be more than there is.
  sharedUsed: ['In use system memory', 'inUseSysMemoryBytes', 'Alloc system memory'],
  ownUsed: ['inUseVidMemoryBytes', 'vramUsedBytes'],
  ownTaken: ['vramUsedBytes', 'inUseVidMemoryBytes'],
  ownFree: ['vramFreeBytes'],
} as const;

/** One GPU in the registry of macOS. */
export interface RegistryGpu {
  readonly className: string;
  readonly model: string | null;
  readonly vendor: string | null;
  readonly coreCount: number | null;
  readonly statistics: ReadonlyMap<string, number>;
}

/**
 * @param text What `ioreg -r -d 1 -w 0 -c IOAccelerator` prints: per GPU a line that begins with `+-o` and its class,
 *   then a line per property.
 */
export function parseIoreg(text: string): RegistryGpu[] {
  return text
    .split(/^[\s|]*\+-o /m)
    .slice(1)
    .map((entry) => {
      const className = /<class (\w+)/.exec(entry)?.[1] ?? /^\S+/.exec(entry)?.[0] ?? '';
      const properties = new Map(
        [...entry.matchAll(/^[\s|]*"([^"]+)" = (.*?)\s*$/gm)].map(([, key = '', value = '']) => [key, value]),
      );
      const cores = Number(properties.get('gpu-core-count'));
      return {
        className,
        model: /^<?"(.+)">?$/.exec(properties.get('model') ?? '')?.[1] ?? null,
        vendor: VENDORS.find(([pattern]) => pattern.test(className))?.[1] ?? null,
        coreCount: cores > 0 ? cores : null,
        statistics: parseStatistics(properties.get('PerformanceStatistics') ?? ''),
      };
    });
}

/** A number below zero is printed as one beyond what 63 bits hold: it is not known. */
function parseStatistics(text: string): Map<string, number> {
  return new Map(
    [...text.matchAll(/"([^"]+)"=(\d+)/g)]
      .map(([, key = '', digits = '']) => [key, Number(digits)] as const)
      .filter(([, value]) => Number.isSafeInteger(value)),
  );
}

/** @param systemBytes The memory of the machine, which a GPU without its own shares. */
export function readingOf(gpu: RegistryGpu, id: number, systemBytes: number): GpuReading {
  const memory = memoryOf(gpu, systemBytes);
  return {
    id,
    name: gpu.model ?? gpu.className,
    uuid: '',
    temp_c: statistic(gpu, 'temperature') ?? 0,
    vram_temp_c: 0,
    // Drivers of Intel are known to say more than 100.
    gpu_util_pct: Math.min(100, statistic(gpu, 'busy') ?? 0),
    mem_util_pct: percentOf(memory.usedBytes, memory.totalBytes),
    mem_used_mb: Math.round(memory.usedBytes / MB),
    mem_total_mb: Math.round(memory.totalBytes / MB),
    fan_speed_pct: statistic(gpu, 'fan') ?? 0,
    power_draw_w: statistic(gpu, 'power') ?? 0,
  };
}

/** @param systemBytes The memory of the machine, which a GPU without its own shares. */
export function acceleratorOf(gpu: RegistryGpu, index: number, systemBytes: number): Accelerator {
  const { kind, totalBytes } = memoryOf(gpu, systemBytes);
  return {
    index,
    kind: 'gpu',
    vendor: gpu.vendor,
    model: gpu.model ?? gpu.className,
    architecture: null,
    memory: { kind, capacity_bytes: totalBytes || null },
    driver: null,
    power_limit_watts: null,
    ...(gpu.coreCount === null ? {} : { core_count: gpu.coreCount }),
  };
}

interface GpuMemory {
  readonly kind: Accelerator['memory']['kind'];
  readonly usedBytes: number;
  /** 0 = not known. */
  readonly totalBytes: number;
}

function memoryOf(gpu: RegistryGpu, systemBytes: number): GpuMemory {
  if (gpu.vendor === 'AMD' || gpu.vendor === 'NVIDIA') {
    const free = statistic(gpu, 'ownFree');
    return {
      kind: 'dedicated',
      usedBytes: statistic(gpu, 'ownUsed') ?? 0,
      totalBytes: free === null ? 0 : free + (statistic(gpu, 'ownTaken') ?? 0),
    };
  }
  return {
    kind: gpu.vendor === 'Apple' ? 'unified' : 'shared_system',
    usedBytes: statistic(gpu, 'sharedUsed') ?? 0,
    totalBytes: systemBytes,
  };
}

function statistic(gpu: RegistryGpu, name: keyof typeof STATISTICS): number | null {
  for (const key of STATISTICS[name]) {
    const value = gpu.statistics.get(key);
    if (value !== undefined) return value;
  }
  return null;
}
