import { readFileSync } from 'node:fs';

/** What `GET /api/version` tells. */
export interface BuildInfo {
  readonly version: string;
  readonly commit: string;
  readonly build_date: string;
}

/** From the package that this file belongs to, in `src` or, where it is built, in `dist`. */
export function buildInfo(): BuildInfo {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  const { version, gitHead, buildDate } = JSON.parse(text) as Readonly<Record<string, unknown>>;
  // npm writes `gitHead` into what it publishes.
  return { version: textOr(version), commit: textOr(gitHead), build_date: textOr(buildDate) };
}

function textOr(value: unknown): string {
  return typeof value === 'string' ? value : 'unknown';
}
