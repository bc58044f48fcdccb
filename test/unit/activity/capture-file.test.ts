import { randomBytes } from 'node:crypto';
import { chmodSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, describe, expect, it } from 'vitest';
import type { Exchange } from '../../../src/activity/captures.ts';
import type { ActivityRecord } from '../../../src/activity/record.ts';
import { createActivityStore } from '../../../src/activity/create-store.ts';
import type { ActivityStore, StoreListeners, StorePlan } from '../../../src/activity/store.ts';
import { lockFile } from '../../kit/lock.ts';
import { temporaryFolder } from '../../kit/temporary-folder.ts';
import { exchange, NOON, query, record } from './entries.ts';

const MB = 1024 * 1024;
const stores: ActivityStore[] = [];

afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
});

const newFile = (): string => join(temporaryFolder(), 'activity.db');

function storeAt(path: string, plan: Partial<StorePlan> = {}, listeners: StoreListeners = {}): ActivityStore {
  const store = createActivityStore(
    { path, limits: { maxRows: 0, maxAgeMs: 0 }, captureBytes: MB, ...plan },
    { report: (message) => expect.unreachable(message), ...listeners },
  );
  stores.push(store);
  store.open();
  return store;
}

/** Records an exchange. */
function keep(store: ActivityStore, changes: Partial<Exchange> = {}, entry: Partial<ActivityRecord> = {}): void {
  store.add(record(entry), (id, captures) => captures.add(id, exchange(changes)));
}

/** Records an exchange; resolves when it has been compressed. */
async function keepLarge(store: ActivityStore, changes: Partial<Exchange>): Promise<void> {
  const id = await new Promise<number>((resolve) => {
    store.add(record(), (id, captures) => {
      captures.add(id, exchange(changes));
      resolve(id);
    });
  });
  await store.captures.get(id);
}

/** The ids of entries that have a capture, as the API says it. */
async function captured(store: ActivityStore): Promise<number[]> {
  const { data } = await store.query(query('order=asc&limit=999'));
  return data.filter((entry) => entry.has_capture).map(({ id }) => id);
}

/** What is in the file, seen from outside. */
function look(path: string, sql: string): Record<string, number | null> {
  const db = new DatabaseSync(path, { readOnly: true });
  const row = db.prepare(sql).get() as Record<string, number | null>;
  db.close();
  return row;
}

const bytesIn = (path: string): number =>
  look(path, 'SELECT coalesce(sum(length(bytes)), 0) AS bytes FROM capture_parts')['bytes'] ?? 0;

/** A body that stays as large as it is, however it is compressed. */
const noise = (size: number): Partial<Exchange> => ({ responseBody: Buffer.from(randomBytes(size)) });

describe('captures in a file', () => {
  it('D3: are there after a restart, small and large, without secrets, and their entries say so', async () => {
    const path = newFile();
    const before = storeAt(path);
    const large = { responseBody: Buffer.from(randomBytes(300_000).toString('hex')) };
    keep(before);
    before.add(record());
    keep(before, large);
    keep(before, noise(200_000));
    expect(await captured(before)).toEqual([1, 3, 4]);
    const told = await Promise.all([1, 3, 4].map((id) => before.captures.get(id)));
    await before.close();

    const after = storeAt(path);
    expect(await captured(after)).toEqual([1, 3, 4]);
    expect(await Promise.all([1, 3, 4].map((id) => after.captures.get(id)))).toEqual(told);
    expect(await after.captures.get(2)).toBeNull();
    expect(told[0]).toMatchObject({ id: 1, req_headers: { Authorization: '[REDACTED]' } });
    expect(Buffer.from(told[1]?.resp_body ?? '', 'base64')).toEqual(large.responseBody);
    keep(after);
    expect(await captured(after)).toEqual([1, 3, 4, 5]);
    expect(look(path, "SELECT count(*) AS secrets FROM capture_parts WHERE instr(bytes, 'sk-secret')")).toEqual({
      secrets: 0,
    });
  });

  it('D3: take no more than captureBuffer on disk, the oldest go first', async () => {
    const path = newFile();
    const before = storeAt(path, { captureBytes: 100_000 });
    for (let n = 0; n < 50; n += 1) keep(before, noise(9_000));
    await before.close();
    expect(bytesIn(path)).toBeLessThanOrEqual(100_000);
    const full = storeAt(path, { captureBytes: 100_000 });
    expect(await captured(full)).toEqual([41, 42, 43, 44, 45, 46, 47, 48, 49, 50]);
    await keepLarge(full, noise(40_000));
    await full.close();
    expect(bytesIn(path)).toBeLessThanOrEqual(100_000);
    const still = storeAt(path, { captureBytes: 100_000 });
    expect(await captured(still)).toEqual([45, 46, 47, 48, 49, 50, 51]);
  });

  it('D3: make room when captureBuffer is lowered, at a reload or a restart, and 0 keeps none', async () => {
    const path = newFile();
    const first = storeAt(path, { captureBytes: 10 * MB });
    for (let n = 0; n < 60; n += 1) await keepLarge(first, noise(60_000));
    await first.close();
    expect(bytesIn(path)).toBeGreaterThan(3 * MB);
    const second = storeAt(path, { captureBytes: 130_000 });
    await expect.poll(() => bytesIn(path)).toBeLessThanOrEqual(130_000);
    expect(await captured(second)).toEqual([59, 60]);
    second.resize({ limits: { maxRows: 0, maxAgeMs: 0 }, captureBytes: 0 });
    await expect.poll(() => bytesIn(path)).toBe(0);
    expect(await captured(second)).toEqual([]);
    expect((await second.query(query())).total).toBe(60);
  });

  it('D3: go with their entries, never later', async () => {
    const path = newFile();
    const hour = 3_600_000;
    let now = NOON;
    const store = storeAt(path, { limits: { maxRows: 0, maxAgeMs: hour } }, { now: () => now });
    for (let n = 0; n < 100; n += 1) keep(store, noise(2_000), { at: NOON + n * 1_000 });
    expect(await captured(store)).toHaveLength(100);
    await expect.poll(() => bytesIn(path)).toBeGreaterThan(200_000);
    now = NOON + hour + 90_000;
    // Each look clears a part, for there are more than go at once.
    const left = (): object =>
      look(
        path,
        `SELECT (SELECT count(*) FROM activity) AS entries, count(*) AS captures,
          count(*) FILTER (WHERE id NOT IN (SELECT id FROM activity)) AS orphans FROM capture_parts`,
      );
    store.add(record({ at: now }));
    await store.query(query());
    expect(left()).toEqual({ entries: 101, captures: 36, orphans: 0 });
    store.add(record({ at: now }));
    await store.query(query());
    expect(left()).toEqual({ entries: 12, captures: 10, orphans: 0 });
    expect(await captured(store)).toEqual([91, 92, 93, 94, 95, 96, 97, 98, 99, 100]);
  });

  it('D3: go when their time has come, though nothing else happens', async () => {
    const path = newFile();
    const before = storeAt(path);
    for (let n = 0; n < 100; n += 1) keep(before);
    await before.close();
    const hour = 3_600_000;
    const limits = { maxRows: 0, maxAgeMs: hour };
    storeAt(path, { limits }, { now: () => NOON + hour + 1_000 });
    const left = (): object =>
      look(path, 'SELECT (SELECT count(*) FROM activity) AS entries, count(*) AS captures FROM capture_parts');
    await expect.poll(left).toEqual({ entries: 0, captures: 0 });
  });

  it('D3: are not written when their entries have gone in the meantime', async () => {
    const path = newFile();
    const store = storeAt(path, { limits: { maxRows: 3, maxAgeMs: 0 } });
    for (let n = 0; n < 10; n += 1) keep(store);
    expect(await captured(store)).toEqual([8, 9, 10]);
    await store.close();
    expect(look(path, 'SELECT count(*) AS captures, min(id) AS first FROM capture_parts')).toEqual({
      captures: 3,
      first: 8,
    });
  });

  it('D3: are there with all their bytes or not at all, as after a crash between two parts', async () => {
    const path = newFile();
    const before = storeAt(path);
    keep(before);
    await keepLarge(before, noise(200_000));
    await before.close();
    const db = new DatabaseSync(path);
    db.exec('DELETE FROM capture_parts WHERE position = (SELECT max(position) FROM capture_parts)');
    db.close();
    const after = storeAt(path);
    expect(await captured(after)).toEqual([1]);
    expect(await after.captures.get(2)).toBeNull();
  });

  it('D3: of another time, in a form that is not known, are left alone', async () => {
    const path = newFile();
    const before = storeAt(path);
    keep(before);
    await before.close();
    const db = new DatabaseSync(path);
    db.exec('UPDATE capture_parts SET format = 77');
    db.close();
    const after = storeAt(path);
    expect([await captured(after), await after.captures.get(1)]).toEqual([[], null]);
  });

  it('D3: are for the owner of the file; one that others may read is reported', async () => {
    const path = newFile();
    const modes = (): number[] =>
      readdirSync(join(path, '..')).map((name) => statSync(join(path, '..', name)).mode & 0o777);
    const first = storeAt(path);
    keep(first);
    expect(await captured(first)).toEqual([1]);
    expect(modes()).toEqual([0o600, 0o600, 0o600]);
    await first.close();
    chmodSync(path, 0o644);
    const reports: string[] = [];
    const second = storeAt(path, {}, { report: (message) => reports.push(message) });
    keep(second);
    expect(await captured(second)).toEqual([1, 2]);
    expect(reports).toEqual([expect.stringContaining('chmod 600')]);
    expect(modes()).toEqual([0o644, 0o644, 0o644]);
  });
});

describe('a file that another process has locked', () => {
  it('D3: gets its entries and captures later; captures that wait can be read', async () => {
    const path = newFile();
    const store = storeAt(path);
    const { promise: stored, resolve } = Promise.withResolvers<void>();
    keep(store);
    expect(await captured(store)).toEqual([1]);
    const release = await lockFile(path);
    expect(await store.captures.get(1)).toMatchObject({ id: 1 });
    store.add(record(), (id, captures) => {
      captures.add(id, exchange());
      resolve();
    });
    expect(await captured(store)).toEqual([1]);
    await release();
    await stored;
    expect(await captured(store)).toEqual([1, 2]);
    await store.close();
    expect(await captured(storeAt(path))).toEqual([1, 2]);
  });

  it('D3: is waited for at the end, so that nothing is lost', async () => {
    const path = newFile();
    const store = storeAt(path);
    const release = await lockFile(path);
    keep(store);
    keep(store, noise(100_000));
    const closing = store.close();
    await release();
    await closing;
    expect(await captured(storeAt(path))).toEqual([1, 2]);
  });

  it('D3: shared with another gateway: nobody takes the ids of others', async () => {
    const path = newFile();
    const [one, other] = [storeAt(path), storeAt(path)];
    for (let n = 0; n < 3; n += 1) {
      keep(one, { requestBody: Buffer.from('one') });
      expect((await one.query(query())).total).toBe(n * 2 + 1);
      keep(other, { requestBody: Buffer.from('other') });
      expect((await other.query(query())).total).toBe(n * 2 + 2);
    }
    await one.close();
    await other.close();
    const after = storeAt(path);
    expect(await captured(after)).toEqual([1, 2, 3, 4, 5, 6]);
    const bodies = await Promise.all([1, 2, 3].map(async (id) => (await after.captures.get(id))?.req_body));
    expect(bodies.map((body) => Buffer.from(body ?? '', 'base64').toString())).toEqual(['one', 'other', 'one']);
  });
});

describe('a store that is closed', () => {
  it('D3: lets those who read come to their end', async () => {
    const store = storeAt(newFile());
    for (let n = 0; n < 9_999; n += 1) store.add(record());
    const stats = store.stats(null);
    await Promise.all([store.close(), store.close()]);
    expect(await stats).toMatchObject({ total_requests: 9_999 });
  });
});
