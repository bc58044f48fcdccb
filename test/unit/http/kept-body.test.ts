import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CaptureRoom, createCaptureRoom } from '../../../src/http/watch/capture-room.ts';
import { KeptBody } from '../../../src/http/watch/kept-body.ts';

const MB = 2 ** 20;

/** How many bytes there is room for. */
function left(room: CaptureRoom): number {
  let bytes = 0;
  for (let step = 64 * MB; step >= 1; step /= 2) while (room.take(step)) bytes += step;
  room.giveBack(bytes);
  return bytes;
}

function kept(room: CaptureRoom, chunks: readonly Buffer[]): KeptBody {
  const body = new KeptBody(room);
  for (const chunk of chunks) body.push(chunk);
  return body;
}

describe('a kept body', () => {
  it.each([1, 200, 4_096, 5_000, 40_000])('in chunks of %i bytes', (size) => {
    const bytes = randomBytes(150_000);
    const body = new KeptBody(createCaptureRoom(() => MB));
    for (let at = 0; at < bytes.length; at += size) body.push(bytes.subarray(at, at + size));
    expect(body.take()!.equals(bytes)).toBe(true);
  });

  it('is empty when nothing came, and the chunk itself when it was the only one', () => {
    const room = createCaptureRoom(() => MB);
    const chunk = Buffer.from('all there is');
    expect(kept(room, []).take()).toEqual(Buffer.alloc(0));
    expect(kept(room, [chunk]).take()).toBe(chunk);
  });

  it('D4: is given up when there is no more room, and holds nothing then', () => {
    const room = createCaptureRoom(() => 10_000);
    const body = kept(room, [Buffer.alloc(4_000), Buffer.alloc(4_000)]);
    expect(left(room)).toBe(10_000 - 8_192);
    body.push(Buffer.alloc(4_000));
    body.push(Buffer.alloc(1));
    expect(left(room)).toBe(10_000);
    expect(body.take()).toBeNull();
    expect(left(room)).toBe(10_000);
  });

  it('is what came, while others come and go in the same blocks; in the end there is room for everything', () => {
    const size = fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 50_000 }));
    const step = fc.record({ whose: fc.nat(3), size, ends: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 0, max: 400_000 }), (steps, limit) => {
        const room = createCaptureRoom(() => limit);
        const bodies = Array.from({ length: 4 }, () => ({ body: new KeptBody(room), sent: [] as Buffer[] }));
        const end = (whose: number) => {
          const { body, sent } = bodies[whose]!;
          const whole = body.take();
          if (whole !== null) expect(whole.equals(Buffer.concat(sent))).toBe(true);
          return whole;
        };
        for (const { whose, size, ends } of steps) {
          const chunk = randomBytes(size);
          bodies[whose]!.sent.push(chunk);
          bodies[whose]!.body.push(chunk);
          // More than that would have been given back twice.
          expect(left(room)).toBeLessThanOrEqual(limit);
          if (!ends) continue;
          const whole = end(whose);
          // What was handed over stays what it is, whoever gets the blocks next.
          const before = whole === null ? null : Buffer.from(whole);
          bodies[whose] = { body: kept(room, [Buffer.alloc(100, 1), Buffer.alloc(5_000, 2)]), sent: [] };
          bodies[whose].sent.push(Buffer.alloc(100, 1), Buffer.alloc(5_000, 2));
          if (before !== null) expect(whole!.equals(before)).toBe(true);
        }
        for (const whose of bodies.keys()) end(whose);
        expect(left(room)).toBe(limit);
      }),
      { numRuns: 200 },
    );
  });

  it('uses blocks again, and keeps no more free ones than were in use, or a few', () => {
    const room = createCaptureRoom(() => 64 * MB);
    const first = Array.from({ length: 2_000 }, () => room.takeBlock()!);
    room.giveBackBlocks(first.slice(1_000));
    const again = Array.from({ length: 1_000 }, () => room.takeBlock()!);
    expect(new Set([...first, ...again]).size).toBe(2_000);
    room.giveBackBlocks([...first.slice(0, 1_000), ...again]);
    const later = Array.from({ length: 2_000 }, () => room.takeBlock()!);
    expect(later.filter((block) => first.includes(block))).toHaveLength(256);
  });
});
