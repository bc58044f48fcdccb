import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { acceleratorOfAdapter, parseAdapters, parseWindowsTick } from '../../../src/host/parse-windows-gpus.ts';

const LINES = readFileSync(join(import.meta.dirname, '../../fixtures/host/windows-tick.txt'), 'utf8').split('\n');

describe('the adapters that DirectX has noted', () => {
  it('are those that are there now', () => {
    expect(parseAdapters(LINES).map(({ luid, vendor, name }) => [luid, vendor, name])).toEqual([
      [0x1_532an, 'AMD', 'AMD Radeon RX 7900 XTX, 24 GB'],
      [0x1_2a5en, 'Intel', 'Intel(R) UHD Graphics 770'],
    ]);
  });

  it('are all of them where Windows does not say when it saw them', () => {
    const lines = LINES.map((line) => line.replace(/,13\d{16},/, ',,'));
    expect(parseAdapters(lines).map(({ vendor }) => vendor)).toEqual(['AMD', 'Intel', 'NVIDIA']);
  });

  it('have their own memory or share that of the machine', () => {
    expect(parseAdapters(LINES).map(acceleratorOfAdapter)).toMatchObject([
      {
        index: 0,
        vendor: 'AMD',
        model: 'AMD Radeon RX 7900 XTX, 24 GB',
        memory: { kind: 'dedicated', capacity_bytes: 25_753_026_560 },
      },
      { index: 1, vendor: 'Intel', memory: { kind: 'shared_system', capacity_bytes: 134_217_728 + 17_045_651_456 } },
    ]);
  });

  it.each(['', "Get-ItemProperty : Cannot find path 'HKLM:\\SOFTWARE'", 'adapter,x,1,2,3,4,5'])(
    'are none for %j',
    (line) => {
      expect(parseAdapters([line])).toEqual([]);
    },
  );
});

describe('a tick of the counters of Windows', () => {
  it('adds up what an engine does for all, and takes the busiest', () => {
    const MB = 1024 * 1024;
    expect(parseWindowsTick(parseAdapters(LINES), LINES)).toEqual([
      {
        id: 0,
        name: 'AMD Radeon RX 7900 XTX, 24 GB',
        uuid: '',
        temp_c: 0,
        vram_temp_c: 0,
        gpu_util_pct: 91,
        mem_util_pct: 50,
        mem_used_mb: 12_280,
        mem_total_mb: 24_560,
        fan_speed_pct: 0,
        power_draw_w: 0,
      },
      expect.objectContaining({
        id: 1,
        name: 'Intel(R) UHD Graphics 770',
        gpu_util_pct: 100,
        mem_used_mb: 64 + 4_000,
        mem_total_mb: Math.round((134_217_728 + 17_045_651_456) / MB),
      }),
    ]);
  });

  it('shows an idle GPU, and none that the counters do not know', () => {
    const memory = LINES.filter((line) => !line.startsWith('engine,') && !line.includes('12A5E'));
    expect(parseWindowsTick(parseAdapters(LINES), memory)).toMatchObject([{ id: 0, gpu_util_pct: 0 }]);
    const nothing = LINES.filter((line) => !line.startsWith('memory,'));
    expect(parseWindowsTick(parseAdapters(LINES), nothing)).toEqual([]);
  });

  it('takes linked cards for one', () => {
    const second = LINES.map((line) => line.replace('_phys_0', '_phys_1')).filter((line) => line.startsWith('memory,'));
    expect(parseWindowsTick(parseAdapters(LINES), [...LINES, ...second])[0]).toMatchObject({ mem_used_mb: 2 * 12_280 });
  });
});
