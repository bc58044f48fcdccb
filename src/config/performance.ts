import { parseGoDuration } from './go-duration.ts';
import type { ConfigInput } from './input.ts';
import type { KeyPath } from './problems.ts';
import type { Report } from './report.ts';
import type { PerformanceConfig } from './types.ts';

const DEFAULT_MS = 5000;
const MIN_MS = 5000;
const MAX_MS = 2 ** 31 - 1;

export function performanceConfig(
  raw: NonNullable<ConfigInput<never>['performance']>,
  report: Report,
): PerformanceConfig {
  return { disabled: raw.disabled ?? false, everyMs: everyMs(raw.every, ['performance', 'every'], report) };
}

function everyMs(every: string | undefined, path: KeyPath, report: Report): number {
  if (every === undefined) return DEFAULT_MS;
  const ms = parseGoDuration(every.trim());
  if (ms === null) report.error(path, 'must be a duration with a unit', 'write for example every: 15s, or 1m30s');
  else if (ms !== 0 && ms < MIN_MS) report.error(path, 'is shorter than 5s', 'write 5s or more');
  return Math.min(Math.round(ms ?? 0) || DEFAULT_MS, MAX_MS);
}
