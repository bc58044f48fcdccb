import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, it } from 'vitest';
import type { GpuSource } from '../../../src/host/gpu-source.ts';
import { lact } from '../../../src/host/lact.ts';
import { nvidiaSmi } from '../../../src/host/nvidia-smi.ts';
import { rocmSmi } from '../../../src/host/rocm-smi.ts';
import { watch } from '../../kit/gpu-watch.ts';
import { temporaryFolder } from '../../kit/temporary-folder.ts';

const FIXTURE = join(import.meta.dirname, '../../fixtures/host/nvidia-smi.mjs');
const stops: (() => void)[] = [];

afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

function fake(mode: string, silenceMs = 30_000): GpuSource {
  return nvidiaSmi([process.execPath, FIXTURE, mode], { silenceMs });
}

describe('nvidia-smi', () => {
  it('D5: with several GPUs no sample is lost: a tick holds them all', async () => {
    const watched = watch(fake('steady'));
    await watched.untilTick(3);
    watched.stop();
    await watched.ended;
    for (const tick of watched.ticks.slice(0, 3)) {
      expect(tick.map(({ id, name, uuid }) => [id, name, uuid])).toEqual([
        [0, 'NVIDIA RTX A6000', 'GPU-aaaa'],
        [1, 'NVIDIA H100', 'GPU-bbbb'],
      ]);
    }
    expect(watched.reports).toEqual([]);
  });

  it('D5: one that has died is started again, and again', async () => {
    const watched = watch(fake('dies'));
    await watched.untilTick(5);
    expect(watched.reports.length).toBeGreaterThanOrEqual(2);
    expect(watched.reports[0]).toBe('nvidia-smi ended (exit code 1) and is started again');
  });

  it('D5: one that hangs is ended and started again', async () => {
    const watched = watch(fake('hangs', 2_000));
    await watched.untilTick(2);
    expect(watched.reports[0]).toBe('nvidia-smi ended (SIGKILL) and is started again');
  });

  it('ends with its watcher', async () => {
    const controller = new AbortController();
    const reason = fake('steady').watch(10, () => controller.abort(), controller.signal);
    expect(await reason).toContain('aborted');
  });
});

describe('machines without a GPU', () => {
  it('cost one try per tool, and the list stays empty', async () => {
    const watched = watch(
      lact(['/no/such/socket']),
      fake('broken'),
      nvidiaSmi(['/no/such/tool']),
      rocmSmi('/no/such/tool'),
    );
    await watched.ended;
    expect([watched.ticks, watched.reports]).toEqual([[], []]);
  });

  it('a tool that throws is passed over', async () => {
    const broken: GpuSource = { name: 'broken', watch: () => Promise.reject(new Error('no')) };
    const watched = watch(broken, fake('steady'));
    await watched.untilTick(1);
    expect(watched.ticks[0]).toHaveLength(2);
  });
});

describe('LACT', () => {
  async function daemon(answer: (question: { command: string; args?: { id: string } }) => unknown): Promise<string> {
    const path = join(temporaryFolder(), 'lactd.sock');
    const server: Server = createServer((socket) => {
      socket.on('error', () => {});
      createInterface({ input: socket }).on('line', (line) => {
        socket.write(`${JSON.stringify(answer(JSON.parse(line) as { command: string }))}\n`);
      });
    });
    server.listen(path);
    await once(server, 'listening');
    stops.push(() => server.close());
    return path;
  }

  it('is asked for its devices once, and for each of them every tick', async () => {
    const questions: string[] = [];
    const path = await daemon(({ command, args }) => {
      questions.push(command);
      if (command === 'list_devices')
        return { status: 'ok', data: [{ id: '1002:744C', name: 'RX 7900' }, { id: '8086:56A0' }] };
      const used = args?.id === '1002:744C' ? 1024 ** 3 : 0;
      return { status: 'ok', data: { vram: { total: 4 * 1024 ** 3, used }, temps: { edge: { current: 50 } } } };
    });
    const watched = watch(lact(['/no/such/socket', path]));
    await watched.untilTick(2);
    watched.stop();
    await watched.ended;
    expect(watched.ticks[1]).toMatchObject([
      { id: 0, name: 'RX 7900', uuid: '1002:744C', mem_used_mb: 1024, mem_util_pct: 25, temp_c: 50 },
      { id: 1, name: '8086:56A0', mem_used_mb: 0 },
    ]);
    expect(questions.slice(0, 5)).toEqual(['list_devices', ...Array.from({ length: 4 }, () => 'device_stats')]);
  });

  it('is passed over when it refuses, or shows nothing', async () => {
    const refusing = await daemon(() => ({ status: 'error', data: 'no' }));
    const empty = await daemon(() => ({ status: 'ok', data: [] }));
    const watched = watch(lact([refusing]), lact([empty]), fake('steady'));
    await watched.untilTick(1);
    expect(watched.ticks[0]).toHaveLength(2);
  });
});
