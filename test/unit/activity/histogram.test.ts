import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { histogramOf } from '../../../src/activity/histogram.ts';

describe('histogram', () => {
  it('is null without values, and one bin when all are equal', () => {
    expect(histogramOf(new Float64Array())).toBeNull();
    expect(histogramOf(Float64Array.of(3, 3))).toEqual({
      bins: [2],
      min: 3,
      max: 3,
      binSize: 0,
      p50: 3,
      p95: 3,
      p99: 3,
    });
  });

  it.each([
    [2, 5],
    [16, 5],
    [17, 6],
    [33, 7],
    [1_000_000, 20],
  ])('%i values make %i bins', (count, bins) => {
    expect(histogramOf(Float64Array.from({ length: count }, (_, n) => n + 1))?.bins).toHaveLength(bins);
  });

  it('puts the largest into the last bin, and interpolates percentiles', () => {
    const histogram = histogramOf(Float64Array.of(6, 1, 5, 2, 4, 3));
    expect(histogram).toMatchObject({ bins: [1, 1, 1, 1, 2], min: 1, max: 6, binSize: 1, p50: 3.5, p95: 5.75 });
  });

  it('loses no value, and keeps percentiles in order', () => {
    const speeds = fc.array(fc.double({ min: 0.001, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(speeds, (values) => {
        const histogram = histogramOf(Float64Array.from(values))!;
        expect(histogram.bins.reduce((sum, count) => sum + count, 0)).toBe(values.length);
        const { min, p50, p95, p99, max } = histogram;
        const rising = [min, p50, p95, p99, max];
        expect(rising.every((value, n) => n === 0 || value >= rising[n - 1]! - 1e-9)).toBe(true);
      }),
    );
  });
});
