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
  const read = (key: keyof LivenessInput, fallback: number): number =>
    durationMs(raw[key] ?? inherited[key] ?? fallback, [...path, key], report);
  const config = { everyMs: read('every', 0), timeoutMs: read('timeout', DEFAULT_TIMEOUT), stallMs: read('stall', 0) };
  return isOn(config) ? config : null;
}

/** The same where there is nothing to ask: what is left is to look at answers. */
export function withoutAsking(config: LivenessConfig): LivenessConfig | null {
  const rest = { ...config, everyMs: 0 };
  return isOn(rest) ? rest : null;
}

function isOn({ everyMs, stallMs }: LivenessConfig): boolean {
  return everyMs > 0 || stallMs > 0;
}
