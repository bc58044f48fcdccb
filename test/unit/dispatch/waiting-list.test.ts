import { describe, expect, it } from 'vitest';
import type { Lease } from '../../../src/dispatch/lease.ts';
import { createRoster } from '../../../src/dispatch/roster.ts';
import { createWaitingList, type WaitEnd } from '../../../src/dispatch/waiting-list.ts';

/** A desk that lends when it is told to. */
function slowDesk() {
  const waiting: { model: string; lend: () => void; refuse: () => void }[] = [];
  return {
    waiting,
    take: () => null,
    acquire: ({ model }: { model: string }): Promise<Lease> =>
      new Promise((resolve, reject) => {
        waiting.push({ model, lend: () => resolve({} as Lease), refuse: () => reject(new Error('no')) });
      }),
  };
}

const to = (model: string) => ({ unit: `model:${model}` as const, model });

describe('waiting list', () => {
  it('S8: shows lines in the order of service, and the place of each who waits', async () => {
    const desk = slowDesk();
    const list = createWaitingList(
      desk,
      (model) => (model === 'urgent' ? 1 : 0),
      () => {},
    );
    const signals = ['a', 'b', 'urgent', 'a'].map((model) => {
      const { signal } = new AbortController();
      void list.acquire(to(model), signal).catch(() => {});
      return signal;
    });
    expect(list.lines().map(({ model, waiting }) => [model, waiting])).toEqual([
      ['urgent', 1],
      ['a', 2],
      ['b', 1],
    ]);
    expect(signals.map((signal) => list.positionOf(signal))).toEqual([2, 3, 1, 4]);
    desk.waiting[0]?.lend();
    desk.waiting[2]?.refuse();
    await new Promise(setImmediate);
    expect(signals.map((signal) => list.positionOf(signal))).toEqual([null, 1, null, 2]);
    expect(Object.fromEntries(list.waiting())).toEqual({ a: 1, b: 1 });
  });

  it('tells of those who waited, and says nothing of those who did not', async () => {
    const ends: WaitEnd[] = [];
    const list = createWaitingList(
      { take: () => null, acquire: () => Promise.resolve({} as Lease) },
      () => 0,
      (end) => void ends.push(end),
    );
    await list.acquire(to('a'), new AbortController().signal);
    expect(ends).toEqual([]);
    const desk = slowDesk();
    const slow = createWaitingList(
      desk,
      () => 0,
      (end) => void ends.push(end),
    );
    const lease = slow.acquire(to('a'), new AbortController().signal);
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
    desk.waiting[0]?.lend();
    await lease;
    expect(ends).toEqual([{ model: 'a', waiting: 0, waitedMs: expect.any(Number) }]);
  });
});

describe('roster', () => {
  it('holds what was added and not removed, in places that are used again', () => {
    const roster = createRoster<string>();
    const [a, b] = ['a', 'b'].map((thing) => roster.add(thing));
    roster.remove(a ?? 0);
    roster.remove(a ?? 0);
    expect([[...roster], roster.size]).toEqual([['b'], 1]);
    expect(roster.add('c')).toBe(a);
    roster.remove(b ?? 0);
    expect([...roster]).toEqual(['c']);
  });
});
