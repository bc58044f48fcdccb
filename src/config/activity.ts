import type { ConfigInput } from './input.ts';
import type { Report } from './report.ts';
import { storePath } from './store-path.ts';
import type { ActivityConfig } from './types.ts';

const DEFAULTS = {
  metricsMaxInMemory: 1000,
  captureBuffer: 5,
  maxAge: 0,
  maxRows: 1_000_000,
  sessionHeaders: ['X-Session-ID', 'X-Litellm-Session-Id'],
};
const BYTES_PER_MIB = 1_048_576;

export function activityConfig(raw: ConfigInput<never>, report: Report): ActivityConfig {
  const { store } = raw;
  const rows = raw.metricsMaxInMemory ?? 0;
  return {
    maxInMemory: rows > 0 ? rows : DEFAULTS.metricsMaxInMemory,
    storePath: store?.path === undefined ? null : storePath(store.path, ['store', 'path'], report),
    retention: {
      // Not by durationMs: ages are compared, and never waited for.
      maxAgeMs: Math.round((store?.maxAge ?? DEFAULTS.maxAge) * 1000),
      maxRows: store?.maxRows ?? DEFAULTS.maxRows,
    },
    captureBytes: Math.max(0, Math.round((raw.captureBuffer ?? DEFAULTS.captureBuffer) * BYTES_PER_MIB)),
    sessionHeaders: distinctHeaders(raw.ui?.activity?.session_id ?? DEFAULTS.sessionHeaders),
  };
}

/** Each header once, in its first spelling. */
function distinctHeaders(names: readonly string[]): string[] {
  const byLowerCase = new Map<string, string>();
  for (const name of names.map((text) => text.trim())) {
    const lower = name.toLowerCase();
    if (name !== '' && !byLowerCase.has(lower)) byLowerCase.set(lower, name);
  }
  return [...byLowerCase.values()];
}
