import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { GpuSource } from './gpu-source.ts';
import { type GpuReading, numberOrZero, percentOf } from './samples.ts';
import { createTickGrouper } from './tick-grouper.ts';

const FIELDS = 'index,name,uuid,temperature.gpu,utilization.gpu,memory.used,memory.total,fan.speed,power.draw';
const FORMAT = '--format=csv,noheader,nounits';
/** On top of three ticks: a driver that has gone to sleep takes seconds to wake. Then it hangs. */
const SILENCE_MS = 15_000;

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
 * One process that prints a line per GPU and tick, for as long as it is watched: asking anew each time would load the
 * driver anew.
 *
 * @param command For tests: what is run, the arguments for the tool follow.
 */
export function nvidiaSmi(
  command: readonly string[] = ['nvidia-smi'],
  limits: { silenceMs: number } = { silenceMs: SILENCE_MS },
): GpuSource {
  return {
    name: 'nvidia-smi',
    watch: (everyMs, tick, signal) =>
      new Promise((resolve) => {
        const [program = '', ...first] = command;
        const seconds = String(Math.max(1, Math.round(everyMs / 1000)));
        const child: ChildProcess = spawn(program, [...first, `--query-gpu=${FIELDS}`, FORMAT, '--loop', seconds], {
          stdio: ['ignore', 'pipe', 'ignore'],
          windowsHide: true,
          signal,
        });
        const grouper = createTickGrouper(tick);
        const silence = setTimeout(() => child.kill('SIGKILL'), 3 * everyMs + limits.silenceMs).unref();
        // There is no pipe when the process could not be started for want of descriptors.
        if (child.stdout !== null && child.stdout !== undefined) {
          createInterface({ input: child.stdout }).on('line', (line) => {
            const reading = parseNvidiaLine(line);
            if (reading === null) return;
            silence.refresh();
            grouper.add(reading);
          });
        }

        function end(reason: string): void {
          clearTimeout(silence);
          grouper.flush();
          resolve(reason);
        }
        child.on('error', (error) => end(error.message));
        child.once('close', (code, killedBy) => end(killedBy ?? `exit code ${code}`));
      }),
  };
}
