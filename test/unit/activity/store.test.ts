import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createActivityStore } from '../../../src/activity/create-store.ts';
import type { ActivityStore, StoreListeners, StorePlan } from '../../../src/activity/store.ts';
import { NO_TOKENS } from '../../../src/activity/usage.ts';
import { temporaryFolder } from '../../kit/temporary-folder.ts';
import { exchange, NOON, query, record } from './entries.ts';

const stores: ActivityStore[] = [];

afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
});

function store(options: Partial<StorePlan> & StoreListeners = {}): ActivityStore {
  const { onStored, report, now, ...plan } = options;
  const created = createActivityStore(
    { path: null, limits: { maxRows: 1_000, maxAgeMs: 0 }, captureBytes: 0, ...plan },
    { ...(onStored && { onStored }), ...(report && { report }), ...(now && { now }) },
  );
  stores.push(created);
  return created;
}

async function ids(store: ActivityStore, text: string): Promise<number[]> {
  return (await store.query(query(text))).data.map(({ id }) => id);
}

describe('entries', () => {
  it('come back in the documented shape, with what is known beyond it', async () => {
    const activity = store({ captureBytes: 10_000 });
    activity.add(
      record({
        at: NOON + 41_789,
        error: 'oh',
        metadata: { fifo_priority: '3' },
        tokens: { ...NO_TOKENS, input: 46, output: 5, cached: -1, tokensPerSecond: 12.5 },
        firstTokenMs: 12.25,
        queueMs: 3,
        loadMs: 2,
        client: 'ab12',
      }),
      (id, captures) => captures.add(id, exchange()),
    );
    activity.add(record());
    const page = await activity.query(query('order=asc'));
    expect(page).toMatchObject({ page: 1, limit: 25, total: 2, total_pages: 1 });
    const [first, second] = page.data;
    expect(new Date(first!.timestamp).getTime()).toBe(NOON + 41_000);
    expect(first).toEqual({
      id: 1,
      timestamp: first!.timestamp,
      model: 'alpha',
      req_path: '/v1/chat/completions',
      resp_content_type: 'application/json',
      resp_status_code: 200,
      tokens: {
        cache_tokens: -1,
        draft_tokens: 0,
        draft_acc_tokens: 0,
        input_tokens: 46,
        output_tokens: 5,
        prompt_per_second: 0,
        tokens_per_second: 12.5,
      },
      duration_ms: 100,
      has_capture: true,
      error_msg: 'oh',
      metadata: { fifo_priority: '3' },
      timestamp_ms: NOON + 41_789,
      ttft_ms: 12.25,
      queue_ms: 3,
      load_ms: 2,
      client: 'ab12',
    });
    const { error_msg, metadata, ttft_ms, queue_ms, load_ms, client, ...always } = first!;
    expect([error_msg, metadata, ttft_ms, queue_ms, load_ms, client]).not.toContain(undefined);
    expect(Object.keys(second!)).toEqual(Object.keys(always));
  });

  it('are announced with their id, first to their own request: in memory at once, so that it can go', () => {
    const heard: string[] = [];
    const activity = store({ onStored: (id) => heard.push(`stored ${id}`) });
    for (const name of ['a', 'b']) {
      activity.add(record(), (id) => heard.push(`${name} is ${id}`));
      heard.push(`${name} is added`);
    }
    expect(heard).toEqual(['a is 1', 'stored 1', 'a is added', 'b is 2', 'stored 2', 'b is added']);
  });

  it('of a file are written together, and announced then', async () => {
    const heard: string[] = [];
    const { promise: announced, resolve } = Promise.withResolvers<void>();
    const activity = store({
      path: join(temporaryFolder(), 'activity.db'),
      onStored(id) {
        heard.push(`stored ${id}`);
        if (id === 3) resolve();
      },
    });
    for (const name of ['a', 'b', 'c']) activity.add(record(), (id) => heard.push(`${name} is ${id}`));
    expect(heard).toEqual([]);
    await announced;
    expect(heard).toEqual(['a is 1', 'stored 1', 'b is 2', 'stored 2', 'c is 3', 'stored 3']);
  });

  it('are refused by a store that is closed, in silence', async () => {
    const heard: number[] = [];
    const activity = store({ onStored: (id) => heard.push(id) });
    activity.add(record());
    await activity.close();
    activity.add(record(), (id) => heard.push(id));
    expect([heard, activity.lastId]).toEqual([[1], 1]);
  });

  it('survive a listener that throws, which is reported', async () => {
    const reports: string[] = [];
    const activity = store({
      report: (message) => reports.push(message),
      onStored() {
        throw new Error('broken');
      },
    });
    activity.add(record());
    activity.add(record());
    expect(reports).toHaveLength(2);
    expect((await activity.query(query())).total).toBe(2);
    expect(reports).toEqual(Array.from({ length: 2 }, () => 'a listener of the activity store failed: broken'));
  });
});

describe('pages', () => {
  it('are empty without entries', async () => {
    expect(await store().query(query())).toEqual({ data: [], page: 1, limit: 25, total: 0, total_pages: 0 });
  });

  it('count what the filters leave, and go on after the end', async () => {
    const activity = store();
    for (let n = 0; n < 7; n += 1) activity.add(record({ model: n < 5 ? 'alpha' : 'beta' }));
    expect(await activity.query(query('model=alpha&limit=2&page=3'))).toMatchObject({
      total: 5,
      total_pages: 3,
      page: 3,
    });
    expect(await ids(activity, 'model=alpha&limit=2&page=3')).toEqual([1]);
    expect(await activity.query(query('limit=2&page=99'))).toMatchObject({ data: [], total: 7, total_pages: 4 });
  });

  it.each([
    ['', [5, 4, 3, 2, 1]],
    ['order=ASC', [1, 2, 3, 4, 5]],
    ['model=beta', [4]],
    ['model=beta&model=&model=gamma', [5, 4]],
    ['model=nobody', []],
    ['start=2026-01-31T12:00:02Z', [5, 4, 3]],
    ['end=2026-01-31T12:00:02Z', [3, 2, 1]],
    ['start=2026-01-31T13:00:01%2B01:00&end=2026-01-31T12:00:03.999Z', [4, 3, 2]],
    ['min_id=2&max_id=4', [4, 3, 2]],
    ['min_id=%20&limit=&sort=', [5, 4, 3, 2, 1]],
    ['sort=generated', [3, 5, 4, 2, 1]],
    ['sort=generated&order=asc', [1, 2, 4, 5, 3]],
    ['sort=model&order=asc', [1, 2, 3, 4, 5]],
    ['sort=time&limit=2', [5, 4]],
    ['model=alpha&start=2026-01-31T12:00:01Z&sort=duration', [3, 2]],
  ])('%s → %j', async (text, expected) => {
    const activity = store();
    const models = ['alpha', 'alpha', 'alpha', 'beta', 'gamma'];
    const outputs = [1, 2, 9, 2, 3];
    for (const [n, model] of models.entries()) {
      activity.add(record({ at: NOON + n * 1000, model, tokens: { ...NO_TOKENS, output: outputs[n]! } }));
    }
    expect(await ids(activity, text)).toEqual(expected);
  });
});

describe('what is kept', () => {
  it('is the newest rows, in memory', async () => {
    const activity = store({ limits: { maxRows: 3, maxAgeMs: 0 } });
    for (let n = 0; n < 5_000; n += 1) activity.add(record());
    expect(await ids(activity, '')).toEqual([5_000, 4_999, 4_998]);
    activity.resize({ limits: { maxRows: 1, maxAgeMs: 0 }, captureBytes: 0 });
    activity.add(record());
    expect(await ids(activity, '')).toEqual([5_001]);
  });

  it('D3: a file does not grow without limit: old and surplus entries go', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'activity.db');
    let now = NOON;
    const hour = 3_600_000;
    const activity = store({ path, limits: { maxRows: 4, maxAgeMs: hour }, now: () => now });
    for (let n = 0; n < 6; n += 1) activity.add(record({ at: NOON + n * 1000 }));
    expect(await ids(activity, '')).toEqual([6, 5, 4, 3]);
    now = NOON + hour + 4_500;
    activity.add(record({ at: now }));
    expect(await ids(activity, '')).toEqual([7, 6, 5]);
  });

  it('D3: are the newest rows of a file, whatever their ids are', async () => {
    const path = join(temporaryFolder(), 'activity.db');
    const before = store({ path });
    for (let n = 0; n < 3; n += 1) before.add(record());
    await before.close();
    const activity = store({ path, limits: { maxRows: 4, maxAgeMs: 0 } });
    activity.open();
    activity.continueAfter(100);
    activity.add(record());
    activity.add(record());
    expect(await ids(activity, '')).toEqual([102, 101, 3, 2]);
  });

  it('D3: is all there after a restart, in a file, and ids go on', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'activity.db');
    const before = store({ path });
    before.add(record({ at: NOON + 1_234 }));
    before.add(record());
    await before.close();
    const after = store({ path });
    after.open();
    after.add(record());
    expect(await ids(after, '')).toEqual([3, 2, 1]);
    expect((await after.query(query('order=asc'))).data[0]!.timestamp_ms).toBe(NOON + 1_234);
    const journal = new DatabaseSync(path).prepare('PRAGMA journal_mode').get();
    expect(journal).toEqual({ journal_mode: 'wal' });
  });

  it('may be an older file, which lacks what has been added since', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'activity.db');
    const old = new DatabaseSync(path);
    old.exec(`CREATE TABLE activity (id INTEGER PRIMARY KEY AUTOINCREMENT, ts_created INTEGER NOT NULL,
      model_id TEXT NOT NULL, req_path TEXT NOT NULL, resp_content_type TEXT NOT NULL, resp_status_code INTEGER NOT NULL,
      cache_tokens INTEGER NOT NULL, draft_tokens INTEGER NOT NULL, draft_acc_tokens INTEGER NOT NULL,
      input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL, prompt_per_second REAL NOT NULL,
      tokens_per_second REAL NOT NULL, duration_ms INTEGER NOT NULL, error_msg TEXT NOT NULL, metadata_json TEXT NOT NULL);
      INSERT INTO activity VALUES (17, ${NOON / 1000}, 'old', '/v1/completions', '', 200, 1, 2, 3, 4, 5, 6, 7, 8, '', '')`);
    old.close();
    const activity = store({ path });
    activity.add(record());
    const [added, kept] = (await activity.query(query())).data;
    expect(added!.id).toBe(18);
    expect(kept).toMatchObject({ id: 17, model: 'old', duration_ms: 8, timestamp_ms: NOON });
    expect(kept).not.toHaveProperty('metadata');
  });

  it('waits for a file that somebody else has locked, and loses nothing', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'activity.db');
    const { promise: announced, resolve } = Promise.withResolvers<number>();
    const reports: string[] = [];
    const activity = store({ path, onStored: resolve, report: (message) => reports.push(message) });
    activity.open();
    const other = new DatabaseSync(path);
    other.exec('BEGIN IMMEDIATE');
    activity.add(record());
    expect((await activity.query(query())).total).toBe(0);
    other.exec('COMMIT');
    other.close();
    await announced;
    expect((await activity.query(query())).total).toBe(1);
    expect(reports).toEqual([]);
  });

  it('is refused where it cannot be', async () => {
    const folder = temporaryFolder();
    expect(() => store({ path: folder }).open()).toThrow(/EISDIR/);
    expect(() => store({ path: join(folder, 'no/such/folder.db') }).open()).toThrow(/ENOENT/);
    const reports: string[] = [];
    const broken = store({ path: folder, report: (message) => reports.push(message) });
    broken.add(record());
    await broken.close();
    expect(reports).toHaveLength(1);
  });
});

describe('stats', () => {
  it('sum up one model or all of them; unknown cache counts are nothing', async () => {
    const activity = store();
    const speeds = [10, 20, 30, 40, 0];
    for (const [n, tokensPerSecond] of speeds.entries()) {
      const tokens = { ...NO_TOKENS, input: 10, output: n, cached: n === 0 ? -1 : 2, tokensPerSecond };
      activity.add(record({ model: n === 4 ? 'beta' : 'alpha', tokens }));
    }
    expect(await activity.stats('alpha')).toEqual({
      total_requests: 4,
      total_input_tokens: 40,
      total_output_tokens: 6,
      total_cache_tokens: 6,
      prompt_histogram: null,
      gen_histogram: {
        bins: [1, 1, 0, 1, 1],
        min: 10,
        max: 40,
        binSize: 6,
        p50: 25,
        p95: expect.closeTo(38.5, 9),
        p99: expect.closeTo(39.7, 9),
      },
    });
    expect(await activity.stats(null)).toMatchObject({
      total_requests: 5,
      total_input_tokens: 50,
      total_output_tokens: 10,
    });
    expect(await activity.stats(' ')).toMatchObject({ total_requests: 5 });
    expect(await activity.stats('nobody')).toMatchObject({
      total_requests: 0,
      total_cache_tokens: 0,
      gen_histogram: null,
    });
  });

  it('read many entries in pieces, so that others are served in between', async () => {
    const activity = store({ limits: { maxRows: 0, maxAgeMs: 0 } });
    for (let n = 0; n < 9_999; n += 1) activity.add(record({ tokens: { ...NO_TOKENS, tokensPerSecond: n } }));
    let isServedInBetween = false;
    setImmediate(() => (isServedInBetween = true));
    const stats = await activity.stats(null);
    expect(stats).toMatchObject({ total_requests: 9_999, gen_histogram: { min: 1, max: 9_998, p50: 4_999.5 } });
    expect(isServedInBetween).toBe(true);
  });
});
