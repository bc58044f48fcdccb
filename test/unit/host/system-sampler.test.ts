import { describe, expect, it } from 'vitest';
import { createSystemSampler } from '../../../src/host/system-sampler.ts';

describe('samples of this machine', () => {
  it.each(['linux', 'darwin'] as const)('as on %s', async (platform) => {
    if (platform === 'linux' && process.platform !== 'linux') return;
    const sampler = createSystemSampler(platform);
    await sampler.take(0);
    const sample = await sampler.take(Date.UTC(2026, 0, 31));
    expect(sample.timestamp).toBe('2026-01-31T00:00:00.000Z');
    expect(sample.cpu_util_per_core.length).toBeGreaterThan(0);
    expect(sample.cpu_util_per_core.every((percent) => percent >= 0 && percent <= 100)).toBe(true);
    expect(sample.mem_total_mb).toBeGreaterThan(sample.mem_used_mb);
    expect(sample.net_io.map(({ name }) => name)).not.toContain('lo');
  });
});
