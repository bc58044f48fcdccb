import { durationMs } from './duration.ts';
import type { LivenessInput } from './input.ts';
import type { KeyPath } from './problems.ts';
import type { Report } from './report.ts';
import type { LivenessConfig } from './types.ts';

const DEFAULT_TIMEOUT = 10;

/**
 * @param raw of the model
 * @param inherited of the top level, for what the model does not say
 */
export function livenessConfig(
  raw: LivenessInput<never>,
  inherited: LivenessInput<never>,
  path: KeyPath,
  report: Report,
): LivenessConfig | null {
  const every = raw.every ?? inherited.every ?? 0;
  if (every === 0) return null;
  return {
    everyMs: durationMs(every, [...path, 'every'], report),
    timeoutMs: durationMs(raw.timeout ?? inherited.timeout ?? DEFAULT_TIMEOUT, [...path, 'timeout'], report),
  };
}
