import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { limitSilence } from '../../../src/http/body/limit-silence.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const LIMIT_MS = 1_000;

function limited(): { body: PassThrough; found: () => number; stop: () => void } {
  const body = new PassThrough();
  let found = 0;
  const stop = limitSilence(body as unknown as IncomingMessage, LIMIT_MS, () => {
    found += 1;
  });
  return { body, found: () => found, stop };
}

function later(ms: number): void {
  vi.advanceTimersByTime(ms);
}

it('finds a body of which nothing comes any more, once', () => {
  const { body, found } = limited();
  later(LIMIT_MS - 1);
  body.emit('data', Buffer.from('x'));
  later(LIMIT_MS - 1);
  expect(found()).toBe(0);
  later(LIMIT_MS * 3);
  expect(found()).toBe(1);
});

it('does not blame a client that may not send, and gives it all of its time when it may again', () => {
  const { body, found } = limited();
  body.pause();
  later(LIMIT_MS * 3.5);
  body.resume();
  body.emit('resume');
  later(LIMIT_MS - 1);
  expect(found()).toBe(0);
  later(1);
  expect(found()).toBe(1);
});

it.each(['end', 'close', 'stop'])('is over with the body, or when it is stopped: %s', (how) => {
  const { body, found, stop } = limited();
  if (how === 'stop') stop();
  else body.emit(how);
  later(LIMIT_MS * 3);
  expect([found(), vi.getTimerCount()]).toEqual([0, 0]);
  expect([body.listenerCount('data'), body.listenerCount('resume')]).toEqual([0, 0]);
});
