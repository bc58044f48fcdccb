import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { idsOfPage } from '../../../src/activity/page-ids.ts';

const SORTING = { condition: '1', values: [], column: 'duration_ms' } as const;

it('the last page has what is left when entries have gone since they were counted', async () => {
  using db = new DatabaseSync(':memory:');
  db.exec('CREATE TABLE activity (id INTEGER PRIMARY KEY, duration_ms INTEGER)');
  for (let id = 6; id <= 15; id += 1) db.exec(`INSERT INTO activity VALUES (${id}, ${id})`);
  const page = { from: 8, to: 13, total: 15 };
  expect(await idsOfPage(db, { ...SORTING, order: 'desc' }, page)).toEqual([7, 6]);
  expect(await idsOfPage(db, { ...SORTING, order: 'asc' }, page)).toEqual([14, 15]);
  expect(await idsOfPage(db, { ...SORTING, order: 'desc' }, { from: 10, to: 15, total: 15 })).toEqual([]);
});
