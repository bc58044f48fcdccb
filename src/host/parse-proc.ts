import type { NetworkCounters } from './samples.ts';

/** Time a core has spent since the machine was started, in any unit. */
export interface CoreTime {
  readonly busy: number;
  readonly total: number;
}

/** @param text `/proc/stat`. */
export function parseCoreTimes(text: string): CoreTime[] {
  return text
    .split('\n')
    .filter((line) => /^cpu\d/.test(line))
    .map((line) => {
      const [user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, softIrq = 0, steal = 0] = line
        .trim()
        .split(/\s+/)
        .slice(1)
        .map(Number);
      const busy = user + nice + system + irq + softIrq + steal;
      return { busy, total: busy + idle + wait };
    });
}

/** @returns Percent per core; 0 for a core that was not there before. */
export function utilisation(before: readonly CoreTime[], now: readonly CoreTime[]): number[] {
  return now.map(({ busy, total }, core) => {
    const past = before[core];
    const elapsed = past === undefined ? 0 : total - past.total;
    if (past === undefined || elapsed <= 0) return 0;
    return Math.min(100, Math.max(0, ((busy - past.busy) / elapsed) * 100));
  });
}

export interface Memory {
  readonly mem_total_mb: number;
  readonly mem_used_mb: number;
  readonly mem_free_mb: number;
  readonly swap_total_mb: number;
  readonly swap_used_mb: number;
}

/** @param text `/proc/meminfo`. What the kernel can take back at once, as its caches, is not counted as used. */
export function parseMemory(text: string): Memory {
  const mb = new Map(
    [...text.matchAll(/^([\w()]+):\s+(\d+)(?: kB)?$/gm)].map(([, name = '', kb = '']) => [
      name,
      Math.round(Number(kb) / 1024),
    ]),
  );
  const get = (name: string): number => mb.get(name) ?? 0;
  const available = mb.get('MemAvailable') ?? get('MemFree') + get('Buffers') + get('Cached');
  return {
    mem_total_mb: get('MemTotal'),
    mem_used_mb: Math.max(0, get('MemTotal') - available),
    mem_free_mb: get('MemFree'),
    swap_total_mb: get('SwapTotal'),
    swap_used_mb: Math.max(0, get('SwapTotal') - get('SwapFree')),
  };
}

/** @param text `/proc/net/dev`. */
export function parseNetwork(text: string): NetworkCounters[] {
  return [...text.matchAll(/^\s*([^\s:]+):\s*(.+)$/gm)]
    .map(([, name = '', rest = '']) => ({ name, counters: rest.trim().split(/\s+/).map(Number) }))
    .filter(({ name }) => name !== 'lo')
    .map(({ name, counters }) => ({ name, bytes_recv: counters[0] ?? 0, bytes_sent: counters[8] ?? 0 }));
}
