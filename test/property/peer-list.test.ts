import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readList } from '../../src/peers/read-list.ts';

const KEYS = [
  'id',
  'status',
  'value',
  'meta',
  'llamaswap',
  'aliases',
  'type',
  'capabilities',
  'architecture',
  'modality',
];
const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), fc.constantFrom('peer', 'loaded', '__proto__'));
const { value: anything } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    text,
    fc.jsonValue(),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(fc.constantFrom(...KEYS), text), tie('value'), { maxKeys: 6 }),
  ),
}));
const rows = fc.array(
  fc.record(
    { id: text, status: anything, meta: anything, capabilities: anything, description: text },
    { requiredKeys: [] },
  ),
);

it('whatever a peer says: a list that can be shown, or none', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        anything,
        rows,
        rows.map((data) => ({ data })),
      ),
      (answer) => {
        const read = readList(JSON.stringify(answer));
        if ('wrong' in read) return;
        expect(read.own.every((name) => read.records.has(name))).toBe(true);
        expect(new Set(read.own).size).toBe(read.own.length);
        for (const [name, record] of read.records) {
          expect(name).toMatch(/^[^\p{C}\p{Zl}\p{Zp}]{1,256}$/u);
          expect(name.trim()).toBe(name);
          expect(JSON.parse(JSON.stringify(record))).toEqual(record);
          expect(JSON.stringify(record.details).length).toBeLessThan(100_000);
          expect(record.details.description ?? '').not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
        }
      },
    ),
    { numRuns: 500 },
  );
});
