import type { ObservedHost, ObservedRequest } from '../../../src/metrics/observation.ts';

/** A request that went well. */
export function request(changes: Partial<ObservedRequest> = {}): ObservedRequest {
  return {
    model: 'alpha',
    key: null,
    path: '/v1/chat/completions',
    status: 200,
    durationMs: 1_100,
    firstTokenMs: 100,
    overheadMs: 0.4,
    tokens: { input: 40, output: 11, cached: 30, drafted: -1, draftAccepted: -1, tokensPerSecond: 12 },
    ...changes,
  };
}

const gpu = {
  temp_c: 61,
  vram_temp_c: 70,
  gpu_util_pct: 90,
  mem_util_pct: 50,
  mem_used_mb: 12,
  mem_total_mb: 24,
  fan_speed_pct: 30,
  power_draw_w: 250.5,
};

/** A machine with two GPUs, whose name needs escaping. */
export const HOST: ObservedHost = {
  system: {
    cpu_util_per_core: [12.5, 100],
    mem_total_mb: 64,
    mem_used_mb: 16,
    mem_free_mb: 32,
    swap_total_mb: 8,
    swap_used_mb: 1,
    load_avg_1: 0.5,
    load_avg_5: 1.5,
    load_avg_15: 2.5,
    net_io: [{ name: 'eth0', bytes_recv: 123, bytes_sent: 45 }],
  },
  gpus: [
    { ...gpu, id: 1, name: 'Card "one" \\ two\nlines', uuid: 'GPU-1' },
    { ...gpu, id: 0, name: 'Plain', uuid: '' },
  ],
};
