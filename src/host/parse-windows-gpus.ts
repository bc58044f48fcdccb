import type { Accelerator } from './hardware.ts';
import { type GpuReading, numberOrZero, percentOf } from './samples.ts';

const MB = 1024 * 1024;
/** What firmware sets aside for a GPU without its own memory is less; what models need is more. */
const OWN_MEMORY_BYTES = 1024 * MB;
const MICROSOFT = 0x1414;
const VENDORS: Readonly<Record<number, string>> = { 0x1002: 'AMD', 0x8086: 'Intel', 0x10de: 'NVIDIA' };

/** One GPU as DirectX has noted it. */
export interface DirectXAdapter {
  /** By which the counters name it; another one after each start of the system. */
  readonly luid: bigint;
  readonly vendor: string | null;
  readonly name: string;
  readonly dedicatedBytes: number;
  readonly sharedBytes: number;
}

/**
 * @param lines Those that begin with `adapter,`: LUID, vendor, bytes of its own memory, bytes it may share, when it was
 *   last seen, name. Numbers are decimal. Others do not count.
 * @returns Without those that are gone, which DirectX remembers, and without the one that only pretends.
 */
export function parseAdapters(lines: readonly string[]): DirectXAdapter[] {
  const noted = lines.flatMap((line) => {
    const [kind, luid = '', vendor = '', dedicated, shared, seen = '', ...name] = line.split(',');
    if (kind !== 'adapter' || !/^\d+$/.test(luid)) return [];
    return [{ luid, vendor: Number(vendor), dedicated, shared, seen, name: name.join(',').trim() }];
  });
  const seen = noted.map(({ seen }) => (/^\d+$/.test(seen) ? BigInt(seen) : 0n));
  const newest = seen.reduce((latest, at) => (at > latest ? at : latest), 0n);
  return noted
    .filter(({ vendor }, index) => seen[index] === newest && vendor !== MICROSOFT)
    .map(({ luid, vendor, dedicated, shared, name }) => ({
      luid: BigInt(luid),
      vendor: VENDORS[vendor] ?? null,
      name,
      dedicatedBytes: numberOrZero(dedicated),
      sharedBytes: numberOrZero(shared),
    }));
}

/**
 * @param lines Of one tick: `engine,<instance>,<percent>` for each engine that works for a process, and
 *   `memory,<instance>,<bytes of its own>,<bytes shared>` for each adapter. The instances are those of the counters
 *   `GPU Engine` and `GPU Adapter Memory`, as `pid_8_luid_0x00000000_0x0001532A_phys_0_eng_3_engtype_Compute 0`. Others
 *   do not count.
 * @returns What the counters know of the adapters.
 */
export function parseWindowsTick(adapters: readonly DirectXAdapter[], lines: readonly string[]): GpuReading[] {
  const engines = new Map<bigint, Map<string, number>>();
  const memory = new Map<bigint, { dedicated: number; shared: number }>();
  for (const line of lines) {
    const [kind, instance = '', first, second] = line.split(',');
    const [, high, low, part = ''] = /luid_0x([0-9a-f]+)_0x([0-9a-f]+)_(phys_\d+(?:_eng_\d+)?)/i.exec(instance) ?? [];
    if (high === undefined || low === undefined) continue;
    const luid = (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`);
    if (kind === 'engine') {
      const busy = engines.get(luid) ?? new Map<string, number>();
      engines.set(luid, busy.set(part, (busy.get(part) ?? 0) + numberOrZero(first)));
    }
    if (kind === 'memory') {
      const { dedicated, shared } = memory.get(luid) ?? { dedicated: 0, shared: 0 };
      memory.set(luid, { dedicated: dedicated + numberOrZero(first), shared: shared + numberOrZero(second) });
    }
  }
  return adapters.flatMap((adapter, id) => {
    const used = memory.get(adapter.luid);
    if (used === undefined) return [];
    const hasOwn = hasOwnMemory(adapter);
    const usedBytes = used.dedicated + (hasOwn ? 0 : used.shared);
    const totalBytes = capacityOf(adapter);
    return [
      {
        id,
        name: adapter.name,
        uuid: '',
        temp_c: 0,
        vram_temp_c: 0,
        // As the task manager has it: a GPU is as busy as its busiest engine, whoever it works for.
        gpu_util_pct: Math.min(100, Math.max(0, ...(engines.get(adapter.luid)?.values() ?? []))),
        mem_util_pct: percentOf(usedBytes, totalBytes),
        mem_used_mb: Math.round(usedBytes / MB),
        mem_total_mb: Math.round(totalBytes / MB),
        fan_speed_pct: 0,
        power_draw_w: 0,
      },
    ];
  });
}

export function acceleratorOfAdapter(adapter: DirectXAdapter, index: number): Accelerator {
  return {
    index,
    kind: 'gpu',
    vendor: adapter.vendor,
    model: adapter.name || null,
    architecture: null,
    memory: {
      kind: hasOwnMemory(adapter) ? 'dedicated' : 'shared_system',
      capacity_bytes: capacityOf(adapter) || null,
    },
    driver: null,
    power_limit_watts: null,
  };
}

function hasOwnMemory(adapter: DirectXAdapter): boolean {
  return adapter.dedicatedBytes >= OWN_MEMORY_BYTES;
}

function capacityOf(adapter: DirectXAdapter): number {
  return adapter.dedicatedBytes + (hasOwnMemory(adapter) ? 0 : adapter.sharedBytes);
}
