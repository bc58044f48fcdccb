import { expect, test } from 'vitest';
import { ConfigError } from '../../src/config/problems.ts';
import type { LoadedConfig } from '../../src/config/load.ts';
import { createReload } from '../../src/reload.ts';
import { createTurns } from '../../src/turns.ts';

/** A loader that is answered by hand. */
function create() {
  const pending: { resolve(version: number): void; reject(error: Error): void }[] = [];
  const adopted: unknown[] = [];
  const refused: unknown[] = [];
  const reload = createReload(
    createTurns(),
    () =>
      new Promise((resolve, reject) => {
        const answer = (version: number) => resolve({ config: version, warnings: [] } as unknown as LoadedConfig);
        pending.push({ resolve: answer, reject });
      }),
    ({ config }) => {
      adopted.push(config);
      return ['changed'];
    },
    (problems) => refused.push(problems),
  );
  return { pending, adopted, refused, reload };
}

const turn = () => new Promise((resolve) => void setImmediate(resolve));

test('adopts what it has read', async () => {
  const { pending, adopted, reload } = create();
  const result = reload();
  await turn();
  pending[0]!.resolve(1);
  expect(await result).toEqual({ ok: true, changed: ['changed'], problems: [] });
  expect(adopted).toEqual([1]);
});

test('R10: requests that come during a reload are not lost: they are one more, and the last one wins', async () => {
  const { pending, adopted, reload } = create();
  const results = [reload()];
  await turn();
  results.push(reload(), reload(), reload());
  expect(pending).toHaveLength(1);
  pending[0]!.resolve(1);
  await turn();
  expect(pending).toHaveLength(2);
  pending[1]!.resolve(2);
  await Promise.all(results);
  expect(adopted).toEqual([1, 2]);
});

test('requests that come before a reload has begun are one', async () => {
  const { pending, reload } = create();
  const results = [reload(), reload()];
  await turn();
  pending[0]!.resolve(1);
  await Promise.all(results);
  expect(pending).toHaveLength(1);
});

test('a request after the end of a queued one starts anew', async () => {
  const { pending, adopted, reload } = create();
  const first = reload();
  await turn();
  const second = reload();
  pending[0]!.resolve(1);
  await first;
  await turn();
  const third = reload();
  pending[1]!.resolve(2);
  await second;
  await turn();
  pending[2]!.resolve(3);
  await third;
  expect(adopted).toEqual([1, 2, 3]);
});

test('a file with errors changes nothing, and says why', async () => {
  const { pending, adopted, refused, reload } = create();
  const problems = [
    { severity: 'error', file: 'c.yaml', line: 1, column: 1, path: 'models', message: 'wrong', hint: 'right' } as const,
  ];
  const bad = reload();
  await turn();
  pending[0]!.reject(new ConfigError(problems));
  expect(await bad).toEqual({ ok: false, changed: [], problems });
  expect(refused).toEqual([problems]);
  const good = reload();
  await turn();
  pending[1]!.resolve(2);
  await good;
  expect(adopted).toEqual([2]);
});
