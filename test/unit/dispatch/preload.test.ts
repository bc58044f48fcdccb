import { expect, it } from 'vitest';
import { preload } from '../../../src/dispatch/preload.ts';

function recording(): { lines: string[]; info(line: string): void; error(line: string): void } {
  const lines: string[] = [];
  return { lines, info: (line) => void lines.push(`info ${line}`), error: (line) => void lines.push(`error ${line}`) };
}

it('loads one after the other, in order, and goes on after one that fails', async () => {
  const log = recording();
  let loading = 0;
  const load = async (unit: string): Promise<void> => {
    loading += 1;
    expect(loading).toBe(1);
    await Promise.resolve();
    loading -= 1;
    if (unit === 'model:b') throw new Error('no such file');
  };
  await preload(['a', 'b', 'c', 'a'], { load }, log, new AbortController().signal);
  expect(log.lines).toEqual([
    'info preload: a is ready',
    'error preload: b could not be loaded: no such file',
    'info preload: c is ready',
    'info preload: a is ready',
  ]);
});

it('ends with the gateway, without a word about what it then did not load', async () => {
  const log = recording();
  const closing = new AbortController();
  const asked: string[] = [];
  const load = async (unit: string): Promise<void> => {
    asked.push(unit);
    closing.abort();
    throw new Error('shutting down');
  };
  await preload(['a', 'b'], { load }, log, closing.signal);
  expect(asked).toEqual(['model:a']);
  expect(log.lines).toEqual([]);
});
