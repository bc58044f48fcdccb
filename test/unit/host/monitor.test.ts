import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createHardwareSnapshot, detectHardware } from '../../../src/host/detect-hardware.ts';
import type { GpuSource } from '../../../src/host/gpu-source.ts';
import { createHostMonitor, type HostMonitor, type HostMonitorOptions } from '../../../src/host/monitor.ts';
import { createRing } from '../../../src/host/ring.ts';
import type { GpuReading, SystemSample } from '../../../src/host/samples.ts';
import { createTickGrouper } from '../../../src/host/tick-grouper.ts';

const NOON = Date.UTC(2026, 0, 31, 12);

beforeEach(() => {
  vi.useFakeTimers({ now: NOON });
});

afterEach(() => {
  vi.useRealTimers();
});

function gpu(id: number): GpuReading {
  return {
    id,
    name: `card ${id}`,
    uuid: '',
    temp_c: 0,
    vram_temp_c: 0,
    gpu_util_pct: 0,
    mem_util_pct: 0,
    mem_used_mb: 0,
    mem_total_mb: 0,
    fan_speed_pct: 0,
    power_draw_w: 0,
  };
}

const sampler = {
  take: (at: number) =>
    Promise.resolve({ timestamp: new Date(at).toISOString(), cpu_util_per_core: [1] } as unknown as SystemSample),
};

/** Ticks by hand. */
function handSource(): GpuSource & { tick(readings: GpuReading[]): void } {
  let deliver: (readings: readonly GpuReading[]) => void = () => {};
  return {
    name: 'by hand',
    watch: (_everyMs, tick, signal) => {
      deliver = tick;
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve('aborted')));
    },
    tick: (readings) => deliver(readings),
  };
}

function monitor(options: Partial<HostMonitorOptions> = {}): HostMonitor {
  const created = createHostMonitor({ everyMs: 5_000, sources: [], sampler, ...options });
  created.start();
  return created;
}

describe('the monitor', () => {
  it('has nothing at first, and says so as documented', async () => {
    const watching = monitor();
    expect(watching.read(null)).toEqual({ enabled: true, sys_stats: null, gpu_stats: null });
    expect(watching.read(NOON)).toEqual({ enabled: true, sys_stats: [], gpu_stats: [] });
    expect(watching.latest()).toBeNull();
    watching.stop();
  });

  it('samples after a second, then at its interval, and answers what is strictly later', async () => {
    const watching = monitor();
    await vi.advanceTimersByTimeAsync(11_000);
    const stamps = (after: number | null): (string | undefined)[] | undefined =>
      watching.read(after).sys_stats?.map(({ timestamp }) => timestamp.slice(14, 23));
    expect(stamps(null)).toEqual(['00:01.000', '00:06.000', '00:11.000']);
    expect(stamps(NOON + 6_000)).toEqual(['00:11.000']);
    expect(stamps(NOON + 11_000)).toEqual([]);
    expect(watching.read(null).gpu_stats).toBeNull();
    expect(watching.latest()).toMatchObject({ system: { timestamp: '2026-01-31T12:00:11.000Z' }, gpus: [] });
    watching.stop();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(watching.read(null).sys_stats).toHaveLength(3);
  });

  it('D5: keeps an hour of every GPU, however many there are', async () => {
    const source = handSource();
    const watching = monitor({ everyMs: 600_000, sources: [source] });
    await vi.advanceTimersByTimeAsync(0);
    for (let n = 0; n < 8; n += 1) {
      await vi.advanceTimersByTimeAsync(600_000);
      source.tick([gpu(0), gpu(1), gpu(2)]);
    }
    const { gpu_stats } = watching.read(null);
    expect(gpu_stats).toHaveLength(6 * 3);
    expect(gpu_stats!.slice(0, 4).map(({ id, timestamp }) => [id, timestamp.slice(11, 16)])).toEqual([
      [0, '12:30'],
      [1, '12:30'],
      [2, '12:30'],
      [0, '12:40'],
    ]);
    expect(watching.latest()?.gpus.map(({ id }) => id)).toEqual([0, 1, 2]);
    watching.stop();
  });

  it('goes on when a sample cannot be taken, and says so once', async () => {
    const reports: string[] = [];
    let isBroken = true;
    const watching = monitor({
      report: (message) => reports.push(message),
      sampler: { take: (at) => (isBroken ? Promise.reject(new Error('no /proc')) : sampler.take(at)) },
    });
    await vi.advanceTimersByTimeAsync(6_000);
    isBroken = false;
    await vi.advanceTimersByTimeAsync(5_000);
    expect(reports).toEqual(['the machine cannot be watched: no /proc']);
    expect(watching.read(null).sys_stats).toHaveLength(1);
    watching.stop();
  });
});

describe('ticks', () => {
  it('end when a GPU comes again, or when nothing comes', () => {
    const ticks: number[][] = [];
    const grouper = createTickGrouper((readings) => ticks.push(readings.map(({ id }) => id)), 200);
    for (const id of [0, 1, 0, 1, 2]) grouper.add(gpu(id));
    expect(ticks).toEqual([[0, 1]]);
    vi.advanceTimersByTime(199);
    expect(ticks).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(ticks).toEqual([
      [0, 1],
      [0, 1, 2],
    ]);
    grouper.flush();
    expect(ticks).toHaveLength(2);
  });
});

describe('ring', () => {
  it.each([
    [3, [3, 4, 5]],
    [5, [1, 2, 3, 4, 5]],
    [9, [1, 2, 3, 4, 5]],
    [1, [5]],
    [0, [5]],
  ])('of %i keeps %j', (capacity, expected) => {
    const ring = createRing<number>(capacity);
    expect([ring.values(), ring.last()]).toEqual([[], null]);
    for (const value of [1, 2, 3, 4, 5]) ring.push(value);
    expect(ring.values()).toEqual(expected);
    expect(ring.last()).toBe(5);
    (ring.values() as number[]).push(99);
    expect(ring.values()).toEqual(expected);
  });
});

describe('hardware', () => {
  beforeEach(() => {
    vi.useRealTimers();
  });

  it('L8: nobody but who asks waits for a slow driver, which is asked once', async () => {
    const { promise, resolve } = Promise.withResolvers<never>();
    const detect = vi.fn(() => promise);
    const snapshot = createHardwareSnapshot({ gatewayVersion: '1', detect });
    expect(detect).not.toHaveBeenCalled();
    const answers = [snapshot.get(), snapshot.get()];
    resolve({ schema_version: 1 } as never);
    expect(await Promise.all(answers)).toEqual([{ schema_version: 1 }, { schema_version: 1 }]);
    expect(detect).toHaveBeenCalledOnce();
  });

  it('stays unknown when it cannot be found out', async () => {
    const { promise: reported, resolve } = Promise.withResolvers<string>();
    const snapshot = createHardwareSnapshot({
      gatewayVersion: '1',
      report: resolve,
      detect: () => Promise.reject(new Error('no driver')),
    });
    expect(await snapshot.get()).toBeNull();
    expect(await reported).toBe('the hardware cannot be described: no driver');
  });

  it('of this machine has the documented shape', async () => {
    const hardware = await detectHardware('1.2.3', AbortSignal.timeout(10_000));
    expect(Object.keys(hardware)).toEqual([
      'schema_version',
      'captured_at',
      'capture',
      'architecture',
      'operating_system',
      'environment',
      'cpu',
      'memory',
      'accelerators',
    ]);
    expect(hardware.capture.detector).toEqual({ name: 'llama-swap', version: '1.2.3' });
    expect(hardware.cpu.logical_thread_count).toBeGreaterThan(0);
    expect(hardware.memory.capacity_bytes).toBeGreaterThan(0);
  });
});
