import { readFileSync } from 'node:fs';

/** What `GET /api/version` tells. */
export interface BuildInfo {
  readonly version: string;
  readonly commit: string;
  readonly build_date: string;
}

/** From the package that this file belongs to: `src` in a checkout, `dist/src` where it is built. */
export function buildInfo(): BuildInfo {
  for (const up of ['../', '../../']) {
    try {
      const text = readFileSync(new URL(`${up}package.json`, import.meta.url), 'utf8');
      const { version, gitHead, buildDate } = JSON.parse(text) as Readonly<Record<string, unknown>>;
      // npm writes `gitHead` into what it publishes.
      if (typeof version === 'string') {
        return { version, commit: textOr(gitHead, 'unknown'), build_date: textOr(buildDate, 'unknown') };
      }
    } catch {
      // Not there: one further up.
    }
  }
  return { version: 'unknown', commit: 'unknown', build_date: 'unknown' };
}

function textOr(value: unknown, fallback: string): string {
  return typeof value === 'string' ? value : fallback;
}
