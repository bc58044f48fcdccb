import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

// Node refuses an option on its command line that it does not know; one that is set later is ignored in silence, and
// they come and go with the versions of V8.
it('V8 knows each option that is set', () => {
  const text = readFileSync(new URL('../../../src/cli/memory.ts', import.meta.url), 'utf8');
  const options = [...text.matchAll(/FromString\(['`]--(?:no-)?([a-z\d-]+)/g)].map(([, name = '']) => name);
  expect(options).toHaveLength(3);
  const known = execFileSync(process.execPath, ['--v8-options'], { encoding: 'utf8' });
  for (const option of options) expect(known.includes(`  --${option} (`), option).toBe(true);
});
