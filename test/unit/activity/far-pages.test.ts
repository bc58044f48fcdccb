import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createActivityStore } from '../../../src/activity/create-store.ts';
import type { ActivityStore } from '../../../src/activity/store.ts';
import { NOON, query, record } from './entries.ts';

/** More than are read in one go. */
const COUNT = 12_000;
const PATHS = ['/v1/embeddings', '/é', '/🦙', '/\uFFFD'];

interface Entry {
  readonly id: number;
  /** Seconds after noon. */
  readonly at: number;
  readonly model: string;
  readonly path: string;
  readonly duration: number;
}

const entries: readonly Entry[] = Array.from({ length: COUNT }, (_, n) => ({
  id: n + 1,
  at: Math.floor(n / 7),
  model: n % 3 === 0 ? 'beta' : 'alpha',
  path: PATHS[(n * 7) % 4]!,
  duration: (n * 7_919) % 5_003,
}));

/** As SQLite compares: texts by their bytes. */
function compare(a: number | string, b: number | string): number {
  return typeof a === 'number' ? a - Number(b) : Buffer.compare(Buffer.from(a), Buffer.from(String(b)));
}

describe('pages of many entries', () => {
  let activity: ActivityStore;
  beforeAll(() => {
    const limits = { maxRows: 2 * COUNT, maxAgeMs: 0 };
    activity = createActivityStore({ path: null, limits, captureBytes: 0 }, {});
    for (const { at, model, path, duration } of entries) {
      activity.add(record({ at: NOON + at * 1_000, model, path, durationMs: duration }));
    }
  });
  afterAll(() => activity.close());

  it.each<[string, (entry: Entry) => number | string]>([
    ['sort=duration', ({ duration }) => duration],
    ['sort=duration&order=asc', ({ duration }) => duration],
    ['sort=req_path', ({ path }) => path],
    ['sort=time', ({ at }) => at],
    ['sort=id&order=asc', ({ id }) => id],
    ['sort=resp_status_code', () => 200],
    ['sort=duration&model=alpha', ({ duration }) => duration],
    ['sort=id&model=alpha&start=2026-01-31T12:01:00Z', ({ id }) => id],
    ['sort=time&order=asc&min_id=100&max_id=9000', ({ at }) => at],
  ])('%s: each has what comes next, near and far', async (text, keyOf) => {
    const asked = query(text);
    const { models, minId, maxId, start, order } = asked;
    const expected = entries
      .filter(({ model }) => models.length === 0 || models.includes(model))
      .filter(({ id }) => id >= (minId ?? 0) && id <= (maxId ?? COUNT))
      .filter(({ at }) => at + NOON / 1_000 >= (start ?? 0))
      .sort((a, b) => (compare(keyOf(a), keyOf(b)) || a.id - b.id) * (order === 'asc' ? 1 : -1))
      .map(({ id }) => id);
    const pages = Math.ceil(expected.length / 100);
    for (const page of [1, 2, Math.ceil(pages / 2), pages - 1, pages, pages + 1]) {
      const { data, total } = await activity.query({ ...asked, limit: 100, page });
      expect(total).toBe(expected.length);
      expect(data.map(({ id }) => id)).toEqual(expected.slice((page - 1) * 100, page * 100));
    }
  });

  it('others get their turns while one is put together', async () => {
    let turns = 0;
    const count = (): void => {
      turns += 1;
      next = setImmediate(count);
    };
    let next = setImmediate(count);
    await activity.query({ ...query('sort=duration'), page: 200 });
    clearImmediate(next);
    expect(turns).toBeGreaterThanOrEqual(2);
  });
});
