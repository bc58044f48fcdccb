import type { Refusal } from '../../machines/orchestrator/types.ts';
import type { ModelId } from '../../machines/shared/ids.ts';
import { type ErrorDetails, GatewayError } from '../errors.ts';

const SOONEST_SECONDS = 1;

/**
 * What a client is told when its ticket is refused.
 *
 * @param loadMs how long the model is expected to load
 */
export function toError(model: ModelId, { code, failure, retryAfterMs }: Refusal, loadMs: number): GatewayError {
  const details: ErrorDetails = failure ? { failure } : {};
  const retryIn = (milliseconds: number | null) => ({
    ...details,
    retryAfterSeconds: Math.max(SOONEST_SECONDS, Math.ceil((milliseconds ?? 0) / 1_000)),
  });
  switch (code) {
    case 'queue_full':
      return new GatewayError(code, `too many requests are waiting for ${model}`, retryIn(loadMs));
    case 'concurrency_limit':
      return new GatewayError(code, `${model} has as many requests as its concurrencyLimit allows`, retryIn(null));
    case 'model_start_failed': {
      const message = failure?.message ?? `${model} could not be started`;
      return new GatewayError(code, message, retryAfterMs === null ? details : retryIn(retryAfterMs));
    }
    case 'model_cooling_down': {
      const reason = failure ? ` (${failure.message})` : '';
      return new GatewayError(
        code,
        `${model} is not started again yet after a failure${reason}`,
        retryIn(retryAfterMs),
      );
    }
    case 'model_unloaded':
      return new GatewayError(code, `${model} was unloaded while the request waited for it`, retryIn(loadMs));
    case 'shutting_down':
      return new GatewayError(code, 'the gateway is shutting down', details);
  }
}
