import type { GpuSource } from './gpu-source.ts';
import { poll, runTool } from './run-tool.ts';
import { type GpuReading, numberOrZero, percentOf } from './samples.ts';

const ARGUMENTS = [
  '--showproductname',
  '--showuniqueid',
  '--showtemp',
  '--showuse',
  '--showmeminfo',
  'vram',
  '--showfan',
  '--showpower',
  '--csv',
];
const MB = 1024 * 1024;

/** What each column is called, in the versions of the tool; the first that has a value counts. */
const COLUMNS = {
  name: ['card series', 'card model', 'device name'],
  uuid: ['unique id'],
  temp: ['temperature (sensor edge) (c)', 'temperature (sensor junction) (c)'],
  vramTemp: ['temperature (sensor memory) (c)'],
  use: ['gpu use (%)'],
  used: ['vram total used memory (b)'],
  total: ['vram total memory (b)'],
  fan: ['fan speed (%)', 'fan speed (level)'],
  power: ['average graphics package power (w)', 'current socket graphics package power (w)'],
} as const;

/** @param text The tool's CSV: a header, then a line per GPU, `card0` first. Lines that are something else do not count. */
export function parseRocmCsv(text: string): GpuReading[] {
  const lines = text.split(/\r?\n/).map((line) => line.split(',').map((cell) => cell.trim()));
  const start = lines.findIndex(([first]) => first?.toLowerCase() === 'device');
  const header = (lines[start] ?? []).map((name) => name.toLowerCase());
  return lines.slice(start + 1).flatMap((cells) => {
    const id = /^card(\d+)$/.exec(cells[0] ?? '')?.[1];
    if (start === -1 || id === undefined) return [];
    const cell = (names: readonly string[]): string =>
      names.map((name) => cells[header.indexOf(name)] ?? '').find((value) => value !== '' && value !== 'N/A') ?? '';
    const used = numberOrZero(cell(COLUMNS.used)) / MB;
    const total = numberOrZero(cell(COLUMNS.total)) / MB;
    return [
      {
        id: Number(id),
        name: cell(COLUMNS.name),
        uuid: cell(COLUMNS.uuid),
        temp_c: numberOrZero(cell(COLUMNS.temp)),
        vram_temp_c: numberOrZero(cell(COLUMNS.vramTemp)),
        gpu_util_pct: numberOrZero(cell(COLUMNS.use)),
        mem_util_pct: percentOf(used, total),
        mem_used_mb: Math.round(used),
        mem_total_mb: Math.round(total),
        fan_speed_pct: numberOrZero(cell(COLUMNS.fan)),
        power_draw_w: numberOrZero(cell(COLUMNS.power)),
      },
    ];
  });
}

/** The tool has no loop: it is run once per tick. */
export function rocmSmi(program = 'rocm-smi'): GpuSource {
  return {
    name: 'rocm-smi',
    watch: (everyMs, tick, signal) =>
      poll(async () => parseRocmCsv(await runTool(program, ARGUMENTS, signal)), everyMs, tick, signal),
  };
}
