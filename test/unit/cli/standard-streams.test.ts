import { PassThrough, Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { lastWords } from '../../../src/cli/standard-streams.ts';

describe('the last words of a program', () => {
  it('are waited for until they are taken', async () => {
    const takers: (() => void)[] = [];
    const slow = new Writable({ write: (_chunk, _encoding, taken) => void takers.push(taken) });
    slow.write('one');
    slow.write('two');
    let isOver = false;
    const over = lastWords([slow], 60_000).then(() => (isOver = true));
    while (takers.length > 0) {
      expect(isOver).toBe(false);
      takers.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await over;
  });

  it('are not waited for when nobody takes them, nor when there is nobody any more', async () => {
    const paused = new PassThrough({ highWaterMark: 1 });
    paused.write('more than fits');
    paused.write('and more');
    const broken = new PassThrough({ highWaterMark: 1 }).on('error', () => {});
    broken.write('more than fits');
    broken.destroy(new Error('EPIPE'));
    await lastWords([paused, broken, new PassThrough()], 1);
  });
});
