import { describe, expect, it } from 'vitest';
import { createLoadTimes, UNMEASURED_LOAD_MS } from '../../../src/observability/load-times.ts';

function fed() {
  const times = createLoadTimes();
  const go = (actor: string, at: number, to: string) => times.observe({ actor, at, to, from: null, event: 'x' });
  return { times, go };
}

describe('load times', () => {
  it('guesses before anything has been measured', () => {
    expect(createLoadTimes().estimateMs('a')).toBe(UNMEASURED_LOAD_MS);
  });

  it('measures from starting to ready', () => {
    const { times, go } = fed();
    go('model:a', 1_000, 'starting');
    go('model:a', 1_200, 'health-checking');
    go('model:a', 3_000, 'ready');
    expect(times.estimateMs('a')).toBe(2_000);
  });

  it('takes the average of the others for a model that has not been loaded', () => {
    const { times, go } = fed();
    go('model:a', 0, 'starting');
    go('model:a', 2_000, 'ready');
    go('model:b', 0, 'starting');
    go('model:b', 4_000, 'ready');
    expect(times.estimateMs('c')).toBe(3_000);
  });

  it('follows a model whose loads become slower, without believing one measurement', () => {
    const { times, go } = fed();
    go('model:a', 0, 'starting');
    go('model:a', 1_000, 'ready');
    go('model:a', 2_000, 'stopping');
    go('model:a', 3_000, 'stopped');
    go('model:a', 10_000, 'starting');
    go('model:a', 19_000, 'ready');
    expect(times.estimateMs('a')).toBeGreaterThan(1_000);
    expect(times.estimateMs('a')).toBeLessThan(9_000);
  });

  it('learns nothing from a load that failed or was called off', () => {
    const { times, go } = fed();
    go('model:a', 0, 'starting');
    go('model:a', 50, 'stopped');
    go('model:a', 60_000, 'ready');
    expect(times.estimateMs('a')).toBe(UNMEASURED_LOAD_MS);
  });

  it('looks at models only', () => {
    const { times, go } = fed();
    go('profile:a', 0, 'starting');
    go('profile:a', 50, 'ready');
    expect(times.estimateMs('a')).toBe(UNMEASURED_LOAD_MS);
  });
});
