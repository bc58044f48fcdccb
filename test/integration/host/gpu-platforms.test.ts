import { chmodSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { ioreg } from '../../../src/host/ioreg.ts';
import { mactop } from '../../../src/host/mactop.ts';
import { findAccelerators, gpuSources } from '../../../src/host/platforms.ts';
import { windowsCounters } from '../../../src/host/windows-gpus.ts';
import { watch } from '../../kit/gpu-watch.ts';
import { temporaryFolder } from '../../kit/temporary-folder.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures/host');
const PRINTER = join(FIXTURES, 'prints-ticks.mjs');
const GB = 1024 ** 3;

interface Tool {
  /** A file, by its name among the fixtures or its path. */
  readonly prints: string;
  readonly mode?: string;
  /** A part of what it is asked; otherwise it refuses. */
  readonly asked: string;
}

const IOREG: Tool = { prints: 'ioreg-apple.txt', mode: 'once', asked: '-r -d 1 -w 0 -c IOAccelerator' };
const MACTOP: Tool = { prints: 'mactop.txt', asked: '--headless --interval 10' };
const COUNTERS: Tool = { prints: 'windows-tick.txt', asked: 'GPUAdapterMemory' };
const ADAPTERS: Tool = { prints: 'windows-tick.txt', mode: 'once', asked: "'HKLM:\\SOFTWARE\\Microsoft\\DirectX\\*'" };

function command({ prints, mode = 'steady', asked }: Tool): string[] {
  return [process.execPath, PRINTER, resolve(FIXTURES, prints), mode, asked];
}

/** A machine whose PATH has these tools and nothing else. */
function install(tools: Readonly<Record<string, Tool>>): void {
  const folder = temporaryFolder();
  const quote = (word: string): string => `'${word.replaceAll("'", String.raw`'\''`)}'`;
  for (const [name, tool] of Object.entries(tools)) {
    const path = join(folder, name);
    writeFileSync(path, `#!/bin/sh\nexec ${command(tool).map(quote).join(' ')} "$@"\n`);
    chmodSync(path, 0o755);
  }
  vi.stubEnv('PATH', folder);
}

beforeEach(() => () => vi.unstubAllEnvs());

describe('macOS', () => {
  it('asks the registry once per tick, where mactop is not installed', async () => {
    install({ ioreg: IOREG });
    const watched = watch(...gpuSources('darwin'));
    await watched.untilTick(3);
    watched.stop();
    await watched.ended;
    for (const tick of watched.ticks) {
      expect(tick).toMatchObject([{ id: 0, name: 'Apple M1 Pro', gpu_util_pct: 37, mem_used_mb: 2_048, temp_c: 0 }]);
    }
    expect(watched.reports).toEqual([]);
  });

  it('takes temperature and power from mactop, and memory from the registry', async () => {
    install({ ioreg: IOREG, mactop: MACTOP });
    const watched = watch(...gpuSources('darwin'));
    await watched.untilTick(2);
    expect(watched.ticks[1]).toMatchObject([
      { name: 'Apple M1 Pro', gpu_util_pct: 53.5, temp_c: 58.25, power_draw_w: 5.385, mem_used_mb: 2_048 },
    ]);
  });

  it('does with mactop alone when the registry does not answer', async () => {
    install({ ioreg: { ...IOREG, mode: 'broken' }, mactop: MACTOP });
    const watched = watch(...gpuSources('darwin'));
    await watched.untilTick(1);
    expect(watched.ticks[0]).toMatchObject([
      { name: 'Apple M1 Ultra', gpu_util_pct: 53.5, mem_used_mb: 0, mem_total_mb: 131_072 },
    ]);
  });

  it('passes over a mactop that cannot do this', async () => {
    install({ ioreg: IOREG, mactop: { ...MACTOP, mode: 'broken' } });
    const watched = watch(...gpuSources('darwin'));
    await watched.untilTick(1);
    expect(watched.ticks[0]).toMatchObject([{ gpu_util_pct: 37 }]);
  });

  it('starts a mactop again that has died, and one that hangs', async () => {
    const readMemory = (): Promise<[]> => Promise.resolve([]);
    const dying = watch(mactop({ command: command({ ...MACTOP, mode: 'dies' }), readMemory }));
    await dying.untilTick(4);
    expect(dying.reports[0]).toBe('mactop ended (exit code 1) and is started again');
    const hanging = { command: command({ ...MACTOP, mode: 'hangs' }), readMemory, limits: { silenceMs: 3_000 } };
    const watched = watch(mactop(hanging));
    await watched.untilTick(2);
    expect(watched.reports[0]).toBe('mactop ended (SIGKILL) and is started again');
  });

  it('gives up a registry that hangs', async () => {
    install({ ioreg: { ...IOREG, mode: 'mute' } });
    const watched = watch(ioreg({ timeoutMs: 300 }));
    await watched.ended;
    expect([watched.ticks, watched.reports]).toEqual([[], []]);
  });

  it('has in its hardware what the registry says', async () => {
    install({ ioreg: IOREG });
    expect(await findAccelerators('darwin', AbortSignal.timeout(30_000))).toMatchObject([
      { index: 0, vendor: 'Apple', model: 'Apple M1 Pro', memory: { kind: 'unified' }, core_count: 16 },
    ]);
  });
});

describe('Windows', () => {
  it('has its counters printed by one PowerShell, where there is no nvidia-smi', async () => {
    install({ 'powershell.exe': COUNTERS });
    const watched = watch(...gpuSources('win32'));
    await watched.untilTick(3);
    watched.stop();
    await watched.ended;
    for (const tick of watched.ticks) {
      expect(tick).toMatchObject([
        { id: 0, name: 'AMD Radeon RX 7900 XTX, 24 GB', gpu_util_pct: 91, mem_used_mb: 12_280, mem_util_pct: 50 },
        { id: 1, name: 'Intel(R) UHD Graphics 770', gpu_util_pct: 100, mem_used_mb: 4_064 },
      ]);
    }
    expect(watched.reports).toEqual([]);
  });

  it('prefers nvidia-smi', async () => {
    const nvidia = join(temporaryFolder(), 'nvidia.txt');
    writeFileSync(nvidia, '0, NVIDIA RTX A6000, GPU-aaaa, 61, 97, 24576, 49152, 30, 287.50\r\n');
    install({ 'nvidia-smi': { prints: nvidia, asked: '--loop' }, 'powershell.exe': COUNTERS });
    const watched = watch(...gpuSources('win32'));
    await watched.untilTick(1);
    expect(watched.ticks[0]).toMatchObject([{ id: 0, uuid: 'GPU-aaaa', gpu_util_pct: 97 }]);
  });

  it('starts a PowerShell again that has died', async () => {
    const watched = watch(windowsCounters(command({ ...COUNTERS, mode: 'dies' })));
    await watched.untilTick(4);
    expect(watched.reports[0]).toBe('the counters of Windows ended (exit code 1) and is started again');
  });

  it('gives up a PowerShell that may not run the script', async () => {
    install({ 'powershell.exe': { ...COUNTERS, mode: 'broken' } });
    const watched = watch(...gpuSources('win32'));
    await watched.ended;
    expect([watched.ticks, watched.reports]).toEqual([[], []]);
  });

  it('has in its hardware what nvidia-smi and DirectX say, each card once', async () => {
    const nvidia = join(temporaryFolder(), 'nvidia.txt');
    writeFileSync(nvidia, '0, NVIDIA RTX A6000, 49152, 550.54.15, 300.00\r\n');
    const adapters = join(temporaryFolder(), 'adapters.txt');
    writeFileSync(
      adapters,
      'adapter,1,4318,50000000000,1,7,NVIDIA RTX A6000\r\nadapter,2,4098,25769803776,1,7,AMD\r\n',
    );
    install({
      'nvidia-smi': { prints: nvidia, mode: 'once', asked: '--query-gpu=index,name,memory.total' },
      'powershell.exe': { ...ADAPTERS, prints: adapters },
    });
    expect(await findAccelerators('win32', AbortSignal.timeout(30_000))).toMatchObject([
      { index: 0, vendor: 'NVIDIA', driver: { version: '550.54.15' } },
      { index: 1, vendor: 'AMD', model: 'AMD', memory: { kind: 'dedicated', capacity_bytes: 24 * GB } },
    ]);
  });
});

describe('machines where no tool is installed', () => {
  it.each(['darwin', 'win32', 'freebsd'] as const)(
    'on %s cost one try per tool, and the list stays empty',
    async (name) => {
      install({});
      const watched = watch(...gpuSources(name));
      await watched.ended;
      expect([watched.ticks, watched.reports]).toEqual([[], []]);
    },
  );

  it.each(['win32', 'freebsd'] as const)('on %s have no accelerator', async (name) => {
    install({});
    expect(await findAccelerators(name, AbortSignal.timeout(30_000))).toEqual([]);
  });
});
