import { EventEmitter } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { gzipSync } from 'node:zlib';
import type { Response } from 'express';
import { describe, expect, it } from 'vitest';
import { createCaptures } from '../../../src/activity/captures.ts';
import type { ActivityRecord } from '../../../src/activity/record.ts';
import { createInFlight } from '../../../src/http/watch/in-flight.ts';
import { createObserver } from '../../../src/http/watch/observer.ts';

/** A request that is answered with this body, and over. */
function observed(body: Buffer, headers: Record<string, string>) {
  const records: ActivityRecord[] = [];
  const observer = createObserver({
    inFlight: createInFlight(() => null),
    activity: { add: (record) => void records.push(record) },
    captures: createCaptures(0),
    captureBytes: () => 0,
    lastLoad: () => null,
    follow: () => {},
    count: () => {},
  });
  const req = Object.assign(new EventEmitter(), { headers: {}, rawHeaders: [], socket: {}, method: 'POST' });
  const res = Object.assign(new EventEmitter(), { locals: {}, writableFinished: true, statusCode: 200 });
  const trip = observer.begin({
    req: req as unknown as IncomingMessage,
    res: res as unknown as Response,
    path: '/v1/chat/completions',
    name: 'alpha',
    isRecorded: true,
  });
  observer.answered(trip, { status: 200, headers });
  observer.passed(trip, body);
  res.emit('close');
  return { observer, records };
}

const USAGE = '"usage":{"prompt_tokens":3,"completion_tokens":4}';
const LARGE = `{"content":"${'x'.repeat(50_000)}",${USAGE}}`;

describe('a request that is over', () => {
  it('is recorded at once when its answer is short', () => {
    const { records } = observed(Buffer.from(`{${USAGE}}`), { 'content-type': 'application/json' });
    expect(records).toMatchObject([{ model: 'alpha', tokens: { input: 3, output: 4 } }]);
  });

  // Otherwise the gateway could close before it.
  it.each([
    ['large', Buffer.from(LARGE), {}],
    ['compressed', gzipSync(LARGE), { 'content-encoding': 'gzip' }],
  ])('is recorded a moment later when it is %s, and somebody can wait for that', async (_, body, encoding) => {
    const { observer, records } = observed(body, { 'content-type': 'application/json', ...encoding });
    expect(records).toEqual([]);
    await observer.settled();
    expect(records).toMatchObject([{ model: 'alpha', tokens: { input: 3, output: 4 } }]);
  });
});
