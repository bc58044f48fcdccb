import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type Archive, createArchive } from '../../../src/activity/archive.ts';
import type { StorePlan } from '../../../src/activity/store.ts';
import { lockFile } from '../../kit/lock.ts';
import { temporaryFolder } from '../../kit/temporary-folder.ts';
import { exchange, query, record } from './entries.ts';

interface Watched extends Archive {
  /** Ids that have been told. */
  readonly told: number[];
  readonly reports: string[];
}

const archives: Archive[] = [];

afterEach(async () => {
  for (const archive of archives.splice(0)) await archive.close();
});

function plan(path: string | null): StorePlan {
  return { path, limits: { maxRows: path === null ? 1_000 : 0, maxAgeMs: 0 }, captureBytes: 1_000_000 };
}

async function archiveAt(path: string | null): Promise<Watched> {
  const told: number[] = [];
  const reports: string[] = [];
  const archive = createArchive(plan(path), {
    onStored: (id) => told.push(id),
    report: (message) => reports.push(message),
  });
  archives.push(archive);
  await archive.prepare(plan(path));
  return { ...archive, told, reports };
}

function keep(archive: Archive, model: string): void {
  archive.add(record({ model }), (id, captures) => {
    captures.add(id, exchange({ requestBody: Buffer.from(model) }));
  });
}

async function moveTo(archive: Archive, path: string | null): Promise<void> {
  await archive.prepare(plan(path));
  archive.adopt(plan(path));
}

/** Each entry, with the request of its capture, oldest first: `1 alpha alpha`. */
async function entriesOf(archive: Archive): Promise<string[]> {
  const { data } = await archive.query(query('order=asc&limit=999'));
  return Promise.all(
    data.map(async ({ id, model, has_capture: hasCapture }) => {
      const capture = await archive.captures.get(id);
      expect(capture !== null).toBe(hasCapture);
      return `${id} ${model} ${Buffer.from(capture?.req_body ?? '', 'base64').toString()}`;
    }),
  );
}

async function entriesIn(path: string): Promise<string[]> {
  return entriesOf(await archiveAt(path));
}

const newFile = (): string => join(temporaryFolder(), 'activity.db');

describe('a store that is changed', () => {
  it('D3: gets what comes from then on; what came before stays where it was meant to go', async () => {
    const [a, b] = [newFile(), newFile()];
    const archive = await archiveAt(a);
    keep(archive, 'one');
    expect(await entriesOf(archive)).toEqual(['1 one one']);
    // Not written yet when the store changes.
    keep(archive, 'two');
    await archive.prepare(plan(b));
    keep(archive, 'three');
    archive.adopt(plan(b));
    keep(archive, 'four');
    expect(await entriesOf(archive)).toEqual(['4 four four']);
    await archive.close();
    expect(archive.told).toEqual([1, 2, 3, 4]);
    expect(await entriesIn(a)).toEqual(['1 one one', '2 two two', '3 three three']);
    expect(await entriesIn(b)).toEqual(['4 four four']);
  });

  it('D3: and changed back: everything is there again, and no id has been told twice', async () => {
    const [a, b] = [newFile(), newFile()];
    const archive = await archiveAt(a);
    for (const [path, model] of [
      [b, 'one'],
      [null, 'two'],
      [a, 'three'],
      [b, 'four'],
      [a, 'five'],
    ] as const) {
      keep(archive, model);
      await moveTo(archive, path);
    }
    keep(archive, 'six');
    expect(await entriesOf(archive)).toEqual(['1 one one', '4 four four', '6 six six']);
    await archive.close();
    expect(archive.told).toEqual([1, 2, 3, 4, 5, 6]);
    expect(await entriesIn(b)).toEqual(['2 two two', '5 five five']);
  });

  it('D3: what is in memory only is gone with it, captures too', async () => {
    const archive = await archiveAt(null);
    keep(archive, 'one');
    expect(await entriesOf(archive)).toEqual(['1 one one']);
    await moveTo(archive, newFile());
    expect(await entriesOf(archive)).toEqual([]);
    expect(await archive.captures.get(1)).toBeNull();
    keep(archive, 'two');
    expect(await entriesOf(archive)).toEqual(['2 two two']);
    await moveTo(archive, null);
    expect(await archive.captures.get(2)).toBeNull();
    keep(archive, 'three');
    expect(await entriesOf(archive)).toEqual(['3 three three']);
  });

  it('D3: a capture of the same id in another file is not taken for it', async () => {
    const [a, b] = [newFile(), newFile()];
    const before = await archiveAt(b);
    keep(before, 'in b');
    await before.close();
    const archive = await archiveAt(a);
    keep(archive, 'in a');
    expect(await entriesOf(archive)).toEqual(['1 in a in a']);
    await moveTo(archive, b);
    expect(await entriesOf(archive)).toEqual(['1 in b in b']);
    keep(archive, 'later');
    expect(await entriesOf(archive)).toEqual(['1 in b in b', '2 later later']);
    expect(archive.told).toEqual([1, 2]);
  });

  it('D3: is read to the end by those who have begun', async () => {
    const archive = await archiveAt(newFile());
    for (let n = 0; n < 9_999; n += 1) archive.add(record());
    const stats = archive.stats(null);
    await moveTo(archive, newFile());
    expect(await stats).toMatchObject({ total_requests: 9_999 });
    expect(await archive.stats(null)).toMatchObject({ total_requests: 0 });
  });

  it('D3: a large capture that is still being compressed goes to the store of its entry', async () => {
    const [a, b] = [newFile(), newFile()];
    const archive = await archiveAt(a);
    const large = Buffer.from('x'.repeat(500_000));
    const { promise: stored, resolve } = Promise.withResolvers<void>();
    archive.add(record(), (id, captures) => {
      captures.add(id, exchange({ requestBody: large }));
      resolve();
    });
    await stored;
    await moveTo(archive, b);
    await archive.close();
    expect(await entriesIn(a)).toEqual([`1 alpha ${large.toString()}`]);
  });

  it('D3: while another process has locked the old one: its entries are written later, and not told any more', async () => {
    const [a, b] = [newFile(), newFile()];
    const archive = await archiveAt(a);
    const release = await lockFile(a);
    keep(archive, 'one');
    keep(archive, 'two');
    await moveTo(archive, b);
    keep(archive, 'three');
    expect(await entriesOf(archive)).toEqual(['3 three three']);
    await release();
    await archive.close();
    expect(archive.told).toEqual([3]);
    expect(await entriesIn(a)).toEqual(['1 one one', '2 two two']);
    expect(archive.reports).toEqual([]);
  });
});

describe('a store that cannot be used', () => {
  it('D3: is found before anything changes', async () => {
    const [a, folder] = [newFile(), temporaryFolder()];
    const archive = await archiveAt(a);
    keep(archive, 'one');
    const other = join(folder, 'other.db');
    writeFileSync(other, 'this is something else, and more than a few bytes of it\n'.repeat(100));
    await expect(archive.prepare(plan(other))).rejects.toThrow(/not a database/);
    await expect(archive.prepare(plan(folder))).rejects.toThrow(/EISDIR/);
    await expect(archive.prepare(plan(join(folder, 'no/such/folder.db')))).rejects.toThrow(/ENOENT/);
    keep(archive, 'two');
    archive.adopt(plan(a));
    expect(await entriesOf(archive)).toEqual(['1 one one', '2 two two']);
    expect([archive.told, archive.reports]).toEqual([[1, 2], []]);
    expect(readdirSync(folder)).toEqual(['other.db']);
  });

  it('D3: because another process has locked it is waited for', async () => {
    const [a, b] = [newFile(), newFile()];
    const archive = await archiveAt(a);
    const release = await lockFile(b, 'EXCLUSIVE');
    const preparing = archive.prepare(plan(b));
    keep(archive, 'one');
    expect(await entriesOf(archive)).toEqual(['1 one one']);
    await release();
    await preparing;
    archive.adopt(plan(b));
    keep(archive, 'two');
    expect(await entriesOf(archive)).toEqual(['2 two two']);
  });

  it('D3: that has been opened and is not adopted is closed again', async () => {
    const [a, b] = [newFile(), newFile()];
    const archive = await archiveAt(a);
    await archive.prepare(plan(b));
    keep(archive, 'one');
    expect(await entriesOf(archive)).toEqual(['1 one one']);
    await archive.close();
    expect(readdirSync(join(b, '..'))).toEqual(['activity.db']);
    await archive.prepare(plan(b));
    await archive.close();
    expect(readdirSync(join(b, '..'))).toEqual(['activity.db']);
  });
});
