const FEWEST_BINS = 5;
const MOST_BINS = 20;

/** How a set of speeds is spread. */
export interface Histogram {
  /** How many fall in each bin, from the slowest. */
  readonly bins: readonly number[];
  readonly min: number;
  readonly max: number;
  /** 0 when all are equal, and there is one bin. */
  readonly binSize: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

/**
 * @param values Positive, in any order; sorted in place.
 * @returns null when there are none.
 */
export function histogramOf(values: Float64Array): Histogram | null {
  values.sort();
  const min = values[0];
  const max = values.at(-1);
  if (min === undefined || max === undefined) return null;
  const percentiles = { p50: percentile(values, 0.5), p95: percentile(values, 0.95), p99: percentile(values, 0.99) };
  if (min === max) return { bins: [values.length], min, max, binSize: 0, ...percentiles };
  const count = Math.min(MOST_BINS, Math.max(FEWEST_BINS, Math.ceil(Math.log2(values.length)) + 1));
  const binSize = (max - min) / count;
  const bins = Array.from({ length: count }, () => 0);
  for (const value of values) {
    const bin = Math.min(count - 1, Math.floor((value - min) / binSize));
    bins[bin] = (bins[bin] ?? 0) + 1;
  }
  return { bins, min, max, binSize, ...percentiles };
}

/** Between the two nearest ranks, in a straight line. */
function percentile(sorted: Float64Array, share: number): number {
  const rank = share * (sorted.length - 1);
  const lower = sorted[Math.floor(rank)] ?? 0;
  const upper = sorted[Math.ceil(rank)] ?? lower;
  return lower + (upper - lower) * (rank - Math.floor(rank));
}
