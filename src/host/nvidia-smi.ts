import { followLines, type LineLimits } from './follow-lines.ts';
import type { GpuSource } from './gpu-source.ts';
import { type GpuReading, numberOrZero, percentOf } from './samples.ts';
import { createTickGrouper } from './tick-grouper.ts';

const FIELDS = 'index,name,uuid,temperature.gpu,utilization.gpu,memory.used,memory.total,fan.speed,power.draw';
const FORMAT = '--format=csv,noheader,nounits';

/** @returns null for a line that is something else, as a warning of the driver. */
export function parseNvidiaLine(line: string): GpuReading | null {
  const parts = line.split(',').map((part) => part.trim());
  const [index = '', name = '', uuid = ''] = parts;
  if (parts.length < 9 || !/^\d+$/.test(index)) return null;
  const used = numberOrZero(parts[5]);
  const total = numberOrZero(parts[6]);
  return {
    id: Number(index),
    name,
    uuid,
    temp_c: numberOrZero(parts[3]),
    vram_temp_c: 0,
    gpu_util_pct: numberOrZero(parts[4]),
    mem_util_pct: percentOf(used, total),
    mem_used_mb: used,
    mem_total_mb: total,
    fan_speed_pct: numberOrZero(parts[7]),
    power_draw_w: numberOrZero(parts[8]),
  };
}

/**
 * One process that prints a line per GPU and tick.
 *
 * @param command For tests: what is run, the arguments for the tool follow.
 */
export function nvidiaSmi(command: readonly string[] = ['nvidia-smi'], limits?: LineLimits): GpuSource {
  return {
    name: 'nvidia-smi',
    async watch(everyMs, tick, signal) {
      const seconds = String(Math.max(1, Math.round(everyMs / 1000)));
      const grouper = createTickGrouper(tick);
      const reason = await followLines(
        [...command, `--query-gpu=${FIELDS}`, FORMAT, '--loop', seconds],
        everyMs,
        (line) => {
          const reading = parseNvidiaLine(line);
          if (reading !== null) grouper.add(reading);
          return reading !== null;
        },
        signal,
        limits,
      );
      grouper.flush();
      return reason;
    },
  };
}
