import type { Registry } from 'prom-client';
import type { ObservedRequest } from './observation.ts';
import { operationOf } from './operation.ts';
import { createQuickHistogram } from './quick-series.ts';

/** Buckets as the semantic conventions of OpenTelemetry recommend them. */
const TOKENS = Array.from({ length: 14 }, (_, n) => 4 ** n);
const DURATION_SECONDS = Array.from({ length: 14 }, (_, n) => 0.01 * 2 ** n);
const FIRST_TOKEN_SECONDS = [
  0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30, 60, 120,
];
const TOKEN_SECONDS = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5];

const LABELS = ['gen_ai_operation_name', 'gen_ai_request_model'] as const;

/**
 * What OpenTelemetry has names for, written as its rules for Prometheus say (dots to underscores, the unit at the end),
 * so that ready-made dashboards find it.
 */
export function createGenAiMetrics(registry: Registry): (request: ObservedRequest) => void {
  // Required by the conventions; the same for all, so that it costs nothing per request.
  registry.setDefaultLabels({ gen_ai_provider_name: 'llama-swap' });
  const usage = createQuickHistogram(registry, {
    name: 'gen_ai_client_token_usage',
    help: 'Input and output tokens per request.',
    labelNames: [...LABELS, 'gen_ai_token_type'],
    buckets: TOKENS,
  });
  const duration = createQuickHistogram(registry, {
    name: 'gen_ai_server_request_duration_seconds',
    help: 'Time from the arrival of a request to the end of its answer; error_type is the status of a failed one.',
    labelNames: [...LABELS, 'error_type'],
    buckets: DURATION_SECONDS,
  });
  const firstToken = createQuickHistogram(registry, {
    name: 'gen_ai_server_time_to_first_token_seconds',
    help: 'Time from the arrival of a streaming request to its first event, waiting and loading included.',
    labelNames: LABELS,
    buckets: FIRST_TOKEN_SECONDS,
  });
  const perToken = createQuickHistogram(registry, {
    name: 'gen_ai_server_time_per_output_token_seconds',
    help: 'Time per output token after the first, one value per streaming request.',
    labelNames: LABELS,
    buckets: TOKEN_SECONDS,
  });

  const allSeries = new Map<string, ReturnType<typeof seriesOf>>();

  function seriesOf(model: string, operation: string, status: number) {
    const labels = { gen_ai_operation_name: operation, gen_ai_request_model: model };
    return {
      duration: duration.series(status >= 400 ? { ...labels, error_type: String(status) } : labels),
      input: usage.series({ ...labels, gen_ai_token_type: 'input' }),
      output: usage.series({ ...labels, gen_ai_token_type: 'output' }),
      firstToken: firstToken.series(labels),
      perToken: perToken.series(labels),
    };
  }

  return ({ model, path, status, durationMs, firstTokenMs, tokens }) => {
    const operation = operationOf(path);
    const key = `${status} ${operation} ${model ?? ''}`;
    let series = allSeries.get(key);
    if (series === undefined) {
      series = seriesOf(model ?? '', operation, status);
      allSeries.set(key, series);
    }
    series.duration.observe(durationMs / 1000);
    if (tokens.input > 0) series.input.observe(tokens.input);
    if (tokens.output > 0) series.output.observe(tokens.output);
    if (firstTokenMs === null) return;
    series.firstToken.observe(firstTokenMs / 1000);
    if (tokens.output > 1) series.perToken.observe((durationMs - firstTokenMs) / (tokens.output - 1) / 1000);
  };
}
