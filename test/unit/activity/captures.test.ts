import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { createCaptures } from '../../../src/activity/captures.ts';
import { redactHeaders } from '../../../src/activity/redact-headers.ts';
import { exchange } from './entries.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

const MB = 1024 * 1024;

describe('captures', () => {
  it('come back in the documented shape, secrets hidden', async () => {
    const captures = createCaptures(MB);
    captures.add(7, exchange());
    expect(await captures.get(7)).toEqual({
      id: 7,
      req_path: '/v1/chat/completions',
      req_headers: { 'Content-Type': 'application/json', Authorization: '[REDACTED]' },
      req_body: base64('{"model":"alpha"}'),
      resp_headers: { 'Content-Type': 'application/json', 'Set-Cookie': '[REDACTED]' },
      resp_body: base64('{"ok":true}'),
    });
    expect(await captures.get(8)).toBeNull();
  });

  it('are there as soon as they are added', async () => {
    const captures = createCaptures(MB);
    captures.add(1, exchange());
    expect(captures.has(1)).toBe(true);
    await captures.get(1);
    expect([captures.has(1), captures.has(2)]).toEqual([true, false]);
  });

  it('tell an empty body from none', async () => {
    const captures = createCaptures(MB);
    captures.add(1, exchange({ status: 500, requestBody: Buffer.alloc(0), responseBody: null }));
    expect(await captures.get(1)).toMatchObject({ req_body: '', resp_body: null });
  });

  it.each([
    ['/v1/completions', 200, [true, true, true]],
    ['/v1/audio/speech', 200, [true, true, false]],
    ['/v1/images/generations', 200, [true, true, false]],
    ['/sdapi/v1/txt2img', 200, [true, true, false]],
    ['/v1/audio/voices', 200, [false, true, true]],
    ['/v1/audio/transcriptions', 200, [false, true, true]],
    ['/v1/images/edits', 200, [false, true, false]],
    ['/sdapi/v1/img2img', 200, [false, true, false]],
    ['/v1/completions', 404, [true, true, false]],
    ['/v1/audio/transcriptions', 500, [false, true, false]],
    ['constructor', 200, [true, true, true]],
  ])('of %s with %i keep request body, response headers, response body: %j', async (path, status, kept) => {
    const captures = createCaptures(MB);
    captures.add(1, exchange({ path, status }));
    const capture = (await captures.get(1))!;
    const found = [capture.req_body !== null, Object.keys(capture.resp_headers).length > 0, capture.resp_body !== null];
    expect(found).toEqual(kept);
  });

  it('hold the body decoded, and no header that says otherwise', async () => {
    const captures = createCaptures(MB);
    const responseHeaders = { 'content-encoding': 'gzip', etag: 'x' };
    captures.add(1, exchange({ responseHeaders, responseBody: gzipSync('hello') }));
    expect(await captures.get(1)).toMatchObject({ resp_headers: { Etag: 'x' }, resp_body: base64('hello') });
  });

  it('are not made of a 200 without a body, nor of one that cannot be decoded', async () => {
    const captures = createCaptures(MB);
    captures.add(1, exchange({ responseBody: Buffer.alloc(0) }));
    captures.add(2, exchange({ responseHeaders: { 'content-encoding': 'gzip' } }));
    expect([await captures.get(1), await captures.get(2)]).toEqual([null, null]);
    expect([captures.has(1), captures.has(2)]).toEqual([false, false]);
  });

  it('make room for newer ones, the oldest first', async () => {
    const captures = createCaptures(10_000);
    for (let id = 1; id <= 5; id += 1) {
      captures.add(id, exchange({ responseBody: randomBytes(3_000) }));
      await captures.get(id);
    }
    expect([1, 2, 3, 4, 5].map((id) => captures.has(id))).toEqual([false, false, true, true, true]);
    captures.setMaxBytes(4_000);
    expect([3, 4, 5].map((id) => captures.has(id))).toEqual([false, false, true]);
  });

  it('skip what is larger than all the room there is, and keep the rest', async () => {
    const captures = createCaptures(10_000);
    captures.add(1, exchange());
    await captures.get(1);
    captures.add(2, exchange({ responseBody: randomBytes(20_000) }));
    captures.add(3, exchange({ responseBody: Buffer.alloc(1_000_000) }));
    captures.add(
      4,
      exchange({ responseHeaders: { 'content-encoding': 'gzip' }, responseBody: gzipSync(Buffer.alloc(MB)) }),
    );
    expect([await captures.get(2), await captures.get(3), await captures.get(4)]).toEqual([null, null, null]);
    expect(captures.has(1)).toBe(true);
  });

  it('count what they take compressed', async () => {
    const captures = createCaptures(10_000);
    captures.add(1, exchange({ responseBody: Buffer.alloc(30_000, 'a') }));
    expect((await captures.get(1))!.resp_body).toHaveLength(40_000);
  });

  it('are not compressed all the time: what comes meanwhile is kept as it is', async () => {
    const captures = createCaptures(MB);
    for (let id = 1; id <= 40; id += 1) captures.add(id, exchange({ responseBody: Buffer.alloc(60_000, 'a') }));
    await captures.settled();
    // Compressed, all of them take a few KB.
    const kept = Array.from({ length: 40 }, (_, at) => at + 1).filter((id) => captures.has(id));
    expect(kept.length).toBeLessThan(20);
    expect(captures.has(40)).toBe(true);
    expect((await captures.get(40))!.resp_body).toHaveLength(80_000);
  });

  it('can be switched off', async () => {
    const captures = createCaptures(0);
    captures.add(1, exchange());
    expect([captures.isEnabled, captures.has(1), await captures.get(1)]).toEqual([false, false, null]);
    expect(createCaptures(MB).isEnabled).toBe(true);
  });
});

describe('headers for people', () => {
  it('have canonical names, one value, no secrets, no gaps', () => {
    const headers = {
      'x-api-key': 'sk-1',
      'PROXY-authorization': 'Basic x',
      cookie: 'a=1',
      'x-request-id': 'r1',
      accept: ['a', 'b'],
      'content-length': 17,
      te: undefined,
    };
    expect(redactHeaders(headers, 'accept')).toEqual({
      'X-Api-Key': '[REDACTED]',
      'Proxy-Authorization': '[REDACTED]',
      Cookie: '[REDACTED]',
      'X-Request-Id': 'r1',
      'Content-Length': '17',
    });
  });
});
