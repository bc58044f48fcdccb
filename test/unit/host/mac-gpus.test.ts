import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseMactopLine } from '../../../src/host/mactop.ts';
import { acceleratorOf, parseIoreg, readingOf } from '../../../src/host/parse-ioreg.ts';

const GB = 1024 ** 3;
const [apple] = parseIoreg(fixture('ioreg-apple.txt'));
const [amd, intel] = parseIoreg(fixture('ioreg-intel-mac.txt'));

function fixture(name: string): string {
  return readFileSync(join(import.meta.dirname, '../../fixtures/host', name), 'utf8');
}

describe('ioreg', () => {
  it('tells of the GPU of an Apple chip, which shares the memory of the machine', () => {
    expect(readingOf(apple!, 0, 32 * GB)).toEqual({
      id: 0,
      name: 'Apple M1 Pro',
      uuid: '',
      temp_c: 0,
      vram_temp_c: 0,
      gpu_util_pct: 37,
      mem_util_pct: 6.25,
      mem_used_mb: 2_048,
      mem_total_mb: 32_768,
      fan_speed_pct: 0,
      power_draw_w: 0,
    });
    expect(acceleratorOf(apple!, 0, 32 * GB)).toEqual({
      index: 0,
      kind: 'gpu',
      vendor: 'Apple',
      model: 'Apple M1 Pro',
      architecture: null,
      memory: { kind: 'unified', capacity_bytes: 32 * GB },
      driver: null,
      power_limit_watts: null,
      core_count: 16,
    });
  });

  it('tells of a GPU of AMD with its own memory, by the name of its driver', () => {
    expect(readingOf(amd!, 0, 32 * GB)).toEqual({
      id: 0,
      name: 'AMDRadeonX6000_AMDNavi14GraphicsAccelerator',
      uuid: '',
      temp_c: 57,
      vram_temp_c: 0,
      gpu_util_pct: 64,
      mem_util_pct: 12.5,
      mem_used_mb: 512,
      mem_total_mb: 4_096,
      fan_speed_pct: 17,
      power_draw_w: 15,
    });
    const hardware = acceleratorOf(amd!, 0, 32 * GB);
    expect(hardware).toMatchObject({ vendor: 'AMD', memory: { kind: 'dedicated', capacity_bytes: 4 * GB } });
    expect(hardware).not.toHaveProperty('core_count');
  });

  it('tells of a GPU of Intel, which is never busier than it can be', () => {
    expect(readingOf(intel!, 1, 32 * GB)).toMatchObject({
      id: 1,
      name: 'IntelAccelerator',
      gpu_util_pct: 100,
      mem_used_mb: 256,
      mem_total_mb: 32_768,
    });
    expect(acceleratorOf(intel!, 1, 32 * GB)).toMatchObject({ vendor: 'Intel', memory: { kind: 'shared_system' } });
  });

  it('takes a number below zero, and one that is not there, for not known', () => {
    const statistics = (text: string): ReturnType<typeof readingOf> =>
      readingOf(
        parseIoreg(`+-o AGXAccelerator  <class AGXAccelerator>\n"PerformanceStatistics" = {${text}}`)[0]!,
        0,
        GB,
      );
    expect(statistics('"In use system memory"=18446744071562067968')).toMatchObject({ mem_used_mb: 0 });
    expect(statistics('"In use system memory (driver)"=1073741824')).toMatchObject({ mem_used_mb: 0 });
    expect(statistics('"Alloc system memory"=536870912')).toMatchObject({ mem_used_mb: 512, gpu_util_pct: 0 });
    const [bare] = parseIoreg('+-o AMDRadeonX6000  <class AMDRadeonX6000, id 0x1>\n    {\n    }\n');
    expect(acceleratorOf(bare!, 0, GB).memory).toEqual({ kind: 'dedicated', capacity_bytes: null });
  });

  it.each(['', 'ioreg: command not found', '"PerformanceStatistics" = {"Device Utilization %"=5}'])(
    'shows nothing for %j',
    (text) => {
      expect(parseIoreg(text)).toEqual([]);
    },
  );

  it('reads what is indented as a part of the whole registry too', () => {
    const indented = fixture('ioreg-apple.txt').replaceAll(/^(?=\+-o|\s+["{}])/gm, '  | |   ');
    expect(indented).toContain('  | |   +-o AGX');
    expect(parseIoreg(indented)).toEqual([apple]);
  });
});

describe('mactop', () => {
  it('tells how busy, how hot and how thirsty an Apple GPU is', () => {
    const lines = fixture('mactop.txt').split('\n').map(parseMactopLine);
    expect(lines.filter((line) => line !== null)).toEqual([
      {
        chip: 'Apple M1 Ultra',
        memoryBytes: 128 * GB,
        gauges: { gpu_util_pct: 53.5, temp_c: 58.25, power_draw_w: 5.385 },
      },
    ]);
  });

  it('gives 0 for what it does not know', () => {
    expect(parseMactopLine('{"gpu_usage":3}')).toEqual({
      chip: '',
      memoryBytes: 0,
      gauges: { gpu_util_pct: 3, temp_c: 0, power_draw_w: 0 },
    });
  });

  it.each(['', '[', 'Starting mactop', '{"gpu_usage":"3"}', '{"cpu_usage":3}', 'null', '7'])(
    'passes over %j',
    (line) => {
      expect(parseMactopLine(line)).toBeNull();
    },
  );
});
