import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createActivityTable } from '../../src/activity/activity-table.ts';
import { type CaptureShelf, createCaptureShelf } from '../../src/activity/capture-shelf.ts';
import { type CaptureTape, createCaptureTape } from '../../src/activity/capture-tape.ts';
import { ADDED_COLUMNS, CREATE, CREATE_CAPTURES } from '../../src/activity/schema.ts';
import { record } from '../unit/activity/entries.ts';

const KB = 1024;

function newTape(entries: number): { tape: CaptureTape; bytes: () => number } {
  const db = new DatabaseSync(':memory:');
  db.exec(CREATE);
  for (const [name, type] of Object.entries(ADDED_COLUMNS)) db.exec(`ALTER TABLE activity ADD COLUMN ${name} ${type}`);
  db.exec(CREATE_CAPTURES);
  createActivityTable(db, true).insert(
    Array.from({ length: entries }, () => record()),
    0,
  );
  const sum = db.prepare('SELECT coalesce(sum(length(bytes)), 0) AS bytes FROM capture_parts');
  return { tape: createCaptureTape(db), bytes: () => Number(sum.get()?.['bytes']) };
}

function writeAll(shelf: CaptureShelf): void {
  while (shelf.isBehind) shelf.write();
}

const step = fc.oneof(
  { weight: 9, arbitrary: fc.record({ size: fc.integer({ min: 1, max: 400 * KB }), value: fc.nat(255) }) },
  { weight: 5, arbitrary: fc.constant('write' as const) },
  { weight: 1, arbitrary: fc.constant('write all' as const) },
  { weight: 1, arbitrary: fc.constant('restart' as const) },
  { weight: 1, arbitrary: fc.record({ capacity: fc.integer({ min: -1, max: 500 * KB }) }) },
);

describe('a shelf of captures', () => {
  it('holds pieces whole or not at all, always the last one that fits, and no more than its size on disk', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 500 * KB }), fc.array(step, { maxLength: 60 }), (initial, steps) => {
        const { tape, bytes } = newTape(steps.length);
        let capacity = initial;
        let shelf = createCaptureShelf(
          capacity,
          () => tape,
          () => {},
        );
        const pieces: Buffer[] = [];
        /** Must be there: it fits, and nothing has come after it that does. */
        let last = 0;
        for (const one of steps) {
          if (one === 'write') {
            if (shelf.isBehind) shelf.write();
          } else if (one === 'write all') {
            writeAll(shelf);
            expect(bytes()).toBeLessThanOrEqual(capacity);
          } else if (one === 'restart') {
            writeAll(shelf);
            shelf = createCaptureShelf(
              capacity,
              () => tape,
              () => {},
            );
          } else if ('capacity' in one) {
            capacity = Math.max(0, one.capacity);
            shelf.resize(one.capacity);
            if ((pieces[last - 1]?.length ?? 0) > capacity) last = 0;
          } else {
            const id = pieces.push(Buffer.alloc(one.size, one.value));
            shelf.add(
              id,
              one.size,
              one.value > 127,
              (block, start) => void block.fill(one.value, start, start + one.size),
            );
            if (one.size <= capacity) last = id;
            else expect(shelf.has(id)).toBe(false);
          }
          if (last > 0) expect(shelf.has(last)).toBe(true);
          const held = pieces.map((_piece, index) => index + 1).filter((id) => shelf.has(id));
          for (const id of held) {
            const bytes = pieces[id - 1];
            expect(bytes && shelf.get(id)?.bytes.equals(bytes)).toBe(true);
            expect(shelf.get(id)?.isCompressed).toBe((bytes?.[0] ?? 0) > 127);
          }
        }
        writeAll(shelf);
        expect(bytes()).toBeLessThanOrEqual(capacity);
      }),
      { numRuns: 60 },
    );
  });

  it('holds the newest pieces when it is never behind', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 40 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000 }), sizes, (capacity, sizes) => {
        const { tape } = newTape(sizes.length);
        const shelf = createCaptureShelf(
          capacity,
          () => tape,
          () => {},
        );
        for (const [index, size] of sizes.entries()) {
          shelf.add(index + 1, size, false, (block, start) => void block.fill(1, start, start + size));
          writeAll(shelf);
        }
        const fitting = sizes.map((size, index) => ({ size, id: index + 1 })).filter(({ size }) => size <= capacity);
        const expected: number[] = [];
        let room = capacity;
        for (const { size, id } of fitting.reverse()) {
          if ((room -= size) < 0) break;
          expected.unshift(id);
        }
        expect(sizes.map((_size, index) => index + 1).filter((id) => shelf.has(id))).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });

  it('begins a piece with its beginning, though the one before made way when half of it was written', () => {
    const { tape } = newTape(2);
    const shelf = createCaptureShelf(
      700 * KB,
      () => tape,
      () => {},
    );
    const fill = (block: Buffer, start: number): void => void block.fill(1, start, start + 400 * KB);
    shelf.add(1, 400 * KB, false, fill);
    shelf.write();
    shelf.add(2, 400 * KB, false, fill);
    writeAll(shelf);
    expect([shelf.waiting, shelf.has(1), shelf.has(2)]).toEqual([0, false, true]);
  });

  it('writes a bounded part at a time, whatever waits', () => {
    const { tape } = newTape(500);
    const turns: number[] = [];
    const shelf = createCaptureShelf(
      20 * KB * KB,
      () => ({
        ...tape,
        write(parts, maxBytes) {
          turns.push(parts.reduce((sum, { bytes }) => sum + bytes.length, 0));
          return tape.write(parts, maxBytes);
        },
      }),
      () => {},
    );
    const fill = (): void => {};
    shelf.add(1, 5 * KB * KB, true, fill);
    for (let id = 2; id <= 500; id += 1) shelf.add(id, 5 * KB, false, fill);
    writeAll(shelf);
    expect(Math.max(...turns)).toBeLessThan(320 * KB);
    expect(turns.length).toBeGreaterThan(20);
    expect([shelf.has(1), shelf.has(500), shelf.waiting]).toEqual([true, true, 0]);
  });
});
