import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { ERRORS } from '../../../src/errors.ts';

it('docs/errors.md explains every error code once, with its status, and no other', async () => {
  const text = await readFile(new URL('../../../docs/errors.md', import.meta.url), 'utf8');
  const rows = [...text.matchAll(/^\| `(?<code>\w+)`\s+\| (?<status>\d+)\s+\|/gm)].map(({ groups }) => [
    groups?.['code'],
    Number(groups?.['status']),
  ]);
  expect(rows).toEqual(Object.entries(ERRORS).map(([code, { status }]) => [code, status]));
});
