/** The value below which a share of the numbers lies (0.5 = the median), between neighbours if need be. */
export function quantile(numbers: readonly number[], share: number): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const below = sorted[Math.floor(at)] ?? NaN;
  const above = sorted[Math.ceil(at)] ?? NaN;
  return below + (above - below) * (at - Math.floor(at));
}

export function median(numbers: readonly number[]): number {
  return quantile(numbers, 0.5);
}

/** `median · p95`, as the tables of the benches show a series of milliseconds. */
export function summary(numbers: readonly number[]): string {
  return `${quantile(numbers, 0.5).toFixed(1)} · ${quantile(numbers, 0.95).toFixed(1)}`;
}
