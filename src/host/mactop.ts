import { followLines, type LineLimits } from './follow-lines.ts';
import type { GpuSource } from './gpu-source.ts';
import { readIoreg } from './ioreg.ts';
import { fields, numberOf } from './json-fields.ts';
import type { GpuReading } from './samples.ts';

const MB = 1024 * 1024;

/** What mactop knows of the GPU of an Apple chip. */
export interface MactopLine {
  readonly chip: string;
  /** Of the machine. */
  readonly memoryBytes: number;
  readonly gauges: Pick<GpuReading, 'gpu_util_pct' | 'temp_c' | 'power_draw_w'>;
}

/** @returns null for a line that is something else. */
export function parseMactopLine(line: string): MactopLine | null {
  let sample: unknown;
  try {
    sample = JSON.parse(line);
  } catch {
    return null;
  }
  const { gpu_usage: usage, soc_metrics: chip, memory, system_info: info } = fields(sample);
  if (typeof usage !== 'number') return null;
  const { name } = fields(info);
  return {
    chip: typeof name === 'string' ? name : '',
    memoryBytes: numberOf(fields(memory)['total']),
    gauges: {
      gpu_util_pct: usage,
      temp_c: numberOf(fields(chip)['gpu_temp']),
      power_draw_w: numberOf(fields(chip)['gpu_power']),
    },
  };
}

/**
 * An optional program for Apple chips that knows temperature and power, and prints a line of JSON per tick. What it
 * says of memory is about the whole machine: how much the GPU uses is asked of the system.
 *
 * @param options For tests.
 */
export function mactop(
  options: { command?: readonly string[]; limits?: LineLimits; readMemory?: typeof readIoreg } = {},
): GpuSource {
  const { command = ['mactop'], limits, readMemory = readIoreg } = options;
  return {
    name: 'mactop',
    async watch(everyMs, tick, signal) {
      let isAsking = false;
      let delivery = Promise.resolve();

      async function deliver({ chip, memoryBytes, gauges }: MactopLine): Promise<void> {
        isAsking = true;
        const [gpu] = await readMemory(signal).catch((): GpuReading[] => []);
        isAsking = false;
        if (!signal.aborted) tick([{ ...(gpu ?? unknownGpu(chip, memoryBytes)), ...gauges }]);
      }

      const reason = await followLines(
        [...command, '--headless', '--interval', String(everyMs)],
        everyMs,
        (line) => {
          const sample = parseMactopLine(line);
          if (sample === null) return false;
          // A registry that is slower than the ticks costs ticks, not memory.
          if (!isAsking) delivery = deliver(sample);
          return true;
        },
        signal,
        limits,
      );
      await delivery;
      return reason;
    },
  };
}

function unknownGpu(name: string, memoryBytes: number): GpuReading {
  return {
    id: 0,
    name,
    uuid: '',
    temp_c: 0,
    vram_temp_c: 0,
    gpu_util_pct: 0,
    mem_util_pct: 0,
    mem_used_mb: 0,
    mem_total_mb: Math.round(memoryBytes / MB),
    fan_speed_pct: 0,
    power_draw_w: 0,
  };
}
