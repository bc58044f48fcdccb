import { readFile } from 'node:fs/promises';
import { cpus, freemem, loadavg, totalmem } from 'node:os';
import { type CoreTime, type Memory, parseCoreTimes, parseMemory, parseNetwork, utilisation } from './parse-proc.ts';
import type { SystemSample } from './samples.ts';

const MB = 1024 * 1024;

/** Takes samples of the machine, each against the one before it. */
export interface SystemSampler {
  /** The first one shows idle cores, for there is nothing to compare with. @throws The file system's error. */
  take(at: number): Promise<SystemSample>;
}

/** Linux is read in its own files, which costs less than asking node; other systems by what node knows of them. */
export function createSystemSampler(platform: NodeJS.Platform = process.platform): SystemSampler {
  const isLinux = platform === 'linux';
  let before: readonly CoreTime[] = [];
  return {
    async take(at) {
      const now = isLinux ? parseCoreTimes(await read('/proc/stat')) : coreTimesOfNode();
      const busy = utilisation(before, now);
      before = now;
      const [one = 0, five = 0, fifteen = 0] = loadavg();
      return {
        timestamp: new Date(at).toISOString(),
        cpu_util_per_core: busy,
        ...(isLinux ? parseMemory(await read('/proc/meminfo')) : memoryOfNode()),
        load_avg_1: one,
        load_avg_5: five,
        load_avg_15: fifteen,
        net_io: isLinux ? parseNetwork(await read('/proc/net/dev')) : [],
      };
    },
  };
}

function read(path: string): Promise<string> {
  return readFile(path, 'utf8');
}

function coreTimesOfNode(): CoreTime[] {
  return cpus().map(({ times }) => {
    const busy = times.user + times.nice + times.sys + times.irq;
    return { busy, total: busy + times.idle };
  });
}

function memoryOfNode(): Memory {
  const total = Math.round(totalmem() / MB);
  const free = Math.round(freemem() / MB);
  return {
    mem_total_mb: total,
    mem_used_mb: total - free,
    mem_free_mb: free,
    swap_total_mb: 0,
    swap_used_mb: 0,
  };
}
