import { describe, expect, it } from 'vitest';
import { createUnhurried } from '../../../src/http/watch/unhurried.ts';

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

describe('unhurried work', () => {
  it('is done in order, one piece in each turn of the event loop', async () => {
    const unhurried = createUnhurried();
    const done: number[] = [];
    for (const number of [1, 2, 3]) unhurried.later(() => void done.push(number));
    expect(done).toEqual([]);
    for (const expected of [[1], [1, 2], [1, 2, 3]]) {
      await turn();
      expect(done).toEqual(expected);
    }
  });

  it('tells when all of it is done, each time', async () => {
    const unhurried = createUnhurried();
    await unhurried.done();
    for (const round of [1, 2]) {
      const done: number[] = [];
      unhurried.later(() => void done.push(round));
      unhurried.later(() => void done.push(round));
      await unhurried.done();
      expect(done).toEqual([round, round]);
    }
  });
});
