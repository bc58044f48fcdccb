import { readFileSync } from 'node:fs';

/** The version of the package that this file belongs to: `src/cli` in a checkout, `dist/src/cli` where it is built. */
export function packageVersion(): string {
  for (const up of ['../../', '../../../']) {
    try {
      const text = readFileSync(new URL(`${up}package.json`, import.meta.url), 'utf8');
      const { version } = JSON.parse(text) as { version?: unknown };
      if (typeof version === 'string') return version;
    } catch {
      // Not there: one further up.
    }
  }
  return 'unknown';
}
