import type { KeyPath } from './problems.ts';
import type { Report } from './report.ts';

/** Node's timers fire at once when they are to wait longer. 24.8 days. */
const MAX_DURATION_MS = 2 ** 31 - 1;

/** Seconds to milliseconds. Above zero it stays above zero, for 0 often means "never"; what no timer can wait is cut. */
export function durationMs(seconds: number, path: KeyPath, report: Report): number {
  const ms = Math.round(seconds * 1000);
  if (ms > MAX_DURATION_MS) {
    const most = Math.floor(MAX_DURATION_MS / 1000);
    report.warning(path, `is longer than a timer can run; ${most} s (24.8 days) is used`, `write at most ${most}`);
    return MAX_DURATION_MS;
  }
  return seconds > 0 ? Math.max(1, ms) : 0;
}
