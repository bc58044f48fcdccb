import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createByteRing } from '../../src/activity/byte-ring.ts';

const step = fc.oneof(
  { weight: 9, arbitrary: fc.record({ size: fc.nat(120), value: fc.nat(255) }) },
  { weight: 1, arbitrary: fc.record({ capacity: fc.integer({ min: -1, max: 300 }) }) },
);

it('a ring of bytes holds the newest pieces whole, within its size, and always the last one that fits', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 300 }), fc.array(step, { maxLength: 60 }), (initial, steps) => {
      const ring = createByteRing(initial);
      const sizes: number[] = [];
      const values: number[] = [];
      let capacity = initial;
      for (const one of steps) {
        if ('capacity' in one) {
          capacity = Math.max(0, one.capacity);
          ring.resize(one.capacity);
        } else {
          const id = sizes.push(one.size) - 1;
          values.push(one.value);
          ring.add(id, one.size, false, (block, start) => void block.fill(one.value, start, start + one.size));
          expect(ring.has(id)).toBe(one.size <= capacity);
        }
        const held = sizes.map((_size, id) => id).filter((id) => ring.has(id));
        for (const id of held) expect(ring.get(id)?.bytes).toEqual(Buffer.alloc(sizes[id] ?? 0, values[id]));
        expect(held.reduce((sum, id) => sum + (sizes[id] ?? 0), 0)).toBeLessThanOrEqual(capacity);
        // Of those that fit at all, a newer one never goes before an older one.
        const fitting = sizes.map((size, id) => ({ size, id })).filter(({ size }) => size <= capacity);
        const [oldest] = held;
        if (oldest !== undefined && !steps.some((other) => 'capacity' in other)) {
          expect(held).toEqual(fitting.map(({ id }) => id).filter((id) => id >= oldest));
        }
      }
    }),
  );
});
