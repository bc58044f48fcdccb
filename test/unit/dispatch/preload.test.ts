import { expect, it } from 'vitest';
import type { Config } from '../../../src/config/types.ts';
import { createPreload, type Preload } from '../../../src/dispatch/preload.ts';

/** Loads that are answered by hand. */
interface Bench {
  readonly preload: Preload;
  /** What was asked for, in order. */
  readonly asked: string[];
  readonly log: string[];
  readonly closing: AbortController;
  /** Answers the load that was begun last, and lets what follows happen. */
  answer(error?: Error): Promise<void>;
}

const settled = () => new Promise<void>((resolve) => void setImmediate(resolve));

function create(): Bench {
  const asked: string[] = [];
  const log: string[] = [];
  const closing = new AbortController();
  let last: PromiseWithResolvers<void>;
  const load = (unit: string, signal: AbortSignal | undefined, patience: string | undefined): Promise<void> => {
    expect(patience).toBe('patient');
    asked.push(unit);
    const pending = Promise.withResolvers<void>();
    signal?.addEventListener('abort', () => pending.reject(new Error('called off')));
    last = pending;
    return pending.promise;
  };
  const preload = createPreload(
    { load },
    { info: (line) => void log.push(line), error: (line) => void log.push(line) },
    closing.signal,
  );
  return {
    preload,
    asked,
    log,
    closing,
    async answer(error) {
      if (error) last.reject(error);
      else last.resolve();
      await settled();
    },
  };
}

const listing = (...preload: string[]) => ({ preload }) as unknown as Config;

it('loads one after the other, in order, and goes on after one that fails', async () => {
  const { preload, asked, log, answer } = create();
  preload.begin(['a', 'b', 'c']);
  expect(asked).toEqual(['model:a']);
  await answer();
  expect(asked).toEqual(['model:a', 'model:b']);
  await answer(new Error('no such file'));
  await answer();
  expect(asked).toEqual(['model:a', 'model:b', 'model:c']);
  expect(log).toEqual(['preload: a is ready', 'preload: b could not be loaded: no such file', 'preload: c is ready']);
});

it('ends with the gateway, without a word about what it then did not load', async () => {
  const { preload, asked, log, closing } = create();
  preload.begin(['a', 'b']);
  closing.abort();
  await settled();
  expect(asked).toEqual(['model:a']);
  expect(log).toEqual([]);
});

it('after a reload loads what is new to the list or has been changed, in the order of the list, and nothing else', async () => {
  const { preload, asked, answer } = create();
  preload.begin(['a', 'b']);
  await answer();
  await answer();
  asked.length = 0;
  preload.adopt(listing('a', 'b'), listing('new', 'b', 'a'), ['b', 'elsewhere']);
  await answer();
  await answer();
  expect(asked).toEqual(['model:new', 'model:b']);
  asked.length = 0;
  preload.adopt(listing('new', 'b', 'a'), listing('b', 'a'), []);
  await settled();
  expect(asked).toEqual([]);
});

it('a reload ends what the list before it had not come to, unless the new list wants it too', async () => {
  const { preload, asked, log, answer } = create();
  preload.begin(['a', 'b', 'c', 'd']);
  await answer();
  expect(asked).toEqual(['model:a', 'model:b']);
  preload.adopt(listing('a', 'b', 'c', 'd'), listing('a', 'b', 'd'), []);
  await settled();
  expect(asked).toEqual(['model:a', 'model:b', 'model:b']);
  await answer();
  await answer();
  expect(asked.slice(3)).toEqual(['model:d']);
  expect(log).toEqual(['preload: a is ready', 'preload: b is ready', 'preload: d is ready']);
});
