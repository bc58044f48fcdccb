import type { DatabaseSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Histogram, histogramOf } from './histogram.ts';
import { ROWS_AT_ONCE } from './patience.ts';

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

/** id, input, output, cached, prompt speed, generation speed. */
type Row = [number, number, number, number, number, number];

/**
 * Reads a large file in pieces, so that streams go on in between. What is stored meanwhile may be counted or not.
 *
 * @param model null or blank for all of them.
 */
export async function selectStats(db: DatabaseSync, model: string | null): Promise<ActivityStats> {
  const name = model?.trim() ?? '';
  const statement = db.prepare(
    `SELECT id, input_tokens, output_tokens, cache_tokens, prompt_per_second, tokens_per_second FROM activity
      WHERE id > ? ${name === '' ? '' : 'AND model_id = ?'} ORDER BY id LIMIT ${ROWS_AT_ONCE}`,
  );
  // Half the time that objects take.
  statement.setReturnArrays(true);
  const prompt: number[] = [];
  const generation: number[] = [];
  const total = { requests: 0, input: 0, output: 0, cached: 0 };

  function count([, input, output, cached, promptSpeed, generationSpeed]: Row): void {
    total.requests += 1;
    total.input += input;
    total.output += output;
    total.cached += Math.max(cached, 0);
    if (promptSpeed > 0) prompt.push(promptSpeed);
    if (generationSpeed > 0) generation.push(generationSpeed);
  }

  let last = 0;
  for (;;) {
    const rows = statement.all(last, ...(name === '' ? [] : [name])) as unknown as Row[];
    for (const row of rows) count(row);
    if (rows.length < ROWS_AT_ONCE) break;
    last = rows.at(-1)?.[0] ?? last;
    await nextTurn();
  }
  return {
    total_requests: total.requests,
    total_input_tokens: total.input,
    total_output_tokens: total.output,
    total_cache_tokens: total.cached,
    prompt_histogram: histogramOf(Float64Array.from(prompt)),
    gen_histogram: histogramOf(Float64Array.from(generation)),
  };
}
