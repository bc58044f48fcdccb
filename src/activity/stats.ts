import type { DatabaseSync } from 'node:sqlite';
import { type Histogram, histogramOf } from './histogram.ts';

/** The answer of `GET /api/metrics/stats`. */
export interface ActivityStats {
  readonly total_requests: number;
  readonly total_input_tokens: number;
  readonly total_output_tokens: number;
  /** Answers that do not say how much was cached count as nothing. */
  readonly total_cache_tokens: number;
  readonly prompt_histogram: Histogram | null;
  readonly gen_histogram: Histogram | null;
}

/** @param model null or blank for all of them. */
export function selectStats(db: DatabaseSync, model: string | null): ActivityStats {
  const name = model?.trim() ?? '';
  const where = name === '' ? '' : 'AND model_id = ?';
  const values = name === '' ? [] : [name];
  const sums = db
    .prepare(
      `SELECT count(*) AS requests, total(input_tokens) AS input, total(output_tokens) AS output,
        total(max(cache_tokens, 0)) AS cached FROM activity WHERE true ${where}`,
    )
    .get(...values);

  function speeds(column: 'prompt_per_second' | 'tokens_per_second'): Float64Array {
    const rows = db.prepare(`SELECT ${column} FROM activity WHERE ${column} > 0 ${where}`);
    // Rows as arrays: half the time of objects, of which there may be many.
    rows.setReturnArrays(true);
    return Float64Array.from(rows.all(...values) as unknown as [number][], ([speed]) => speed);
  }

  return {
    total_requests: Number(sums?.['requests'] ?? 0),
    total_input_tokens: Number(sums?.['input'] ?? 0),
    total_output_tokens: Number(sums?.['output'] ?? 0),
    total_cache_tokens: Number(sums?.['cached'] ?? 0),
    prompt_histogram: histogramOf(speeds('prompt_per_second')),
    gen_histogram: histogramOf(speeds('tokens_per_second')),
  };
}
