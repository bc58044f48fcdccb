import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createAnswerReader } from '../../src/upstream/answer-reader.ts';
import { MalformedAnswer } from '../../src/upstream/malformed-answer.ts';

interface Seen {
  readonly status: number;
  readonly headers: readonly string[];
  readonly body: Buffer;
  readonly isWhole: boolean;
}

/** What our reader makes of these bytes, in these pieces, after which the server hangs up. */
function readOurselves(bytes: Buffer, pieces: readonly number[], method: string): Seen | 'malformed' | 'nothing' {
  const reader = createAnswerReader();
  const body: Buffer[] = [];
  let head: { status: number; headers: readonly string[] } | null = null;
  let ends = 0;
  reader.expect(method, {
    head: (parsed) => {
      expect(head, 'a second head').toBeNull();
      head = parsed;
    },
    waits: () => expect(ends, 'waits after its end').toBe(0),
    piece: (piece) => {
      expect(ends).toBe(0);
      body.push(piece);
    },
    end: (last) => {
      ends += 1;
      if (last !== null) body.push(last);
    },
  });
  let at = 0;
  try {
    for (const size of [...pieces, bytes.length]) {
      // As on a connection, where all reads share one buffer.
      const shared = Buffer.from(bytes.subarray(at, at + size));
      at += shared.length;
      if (shared.length > 0) reader.read(shared);
      shared.fill('#');
    }
  } catch (error) {
    expect(error).toBeInstanceOf(MalformedAnswer);
    return 'malformed';
  }
  if (reader.close() && ends === 0) throw new Error('the end was not told');
  if (head === null) return 'nothing';
  const { status, headers } = head as { status: number; headers: readonly string[] };
  return { status, headers, body: Buffer.concat(body), isWhole: ends === 1 };
}

/** What node's own client makes of them. */
async function readByNode(bytes: Buffer, method: string): Promise<Seen | 'malformed' | 'nothing'> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end(bytes));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  try {
    const sent = request({ port, host: '127.0.0.1', method, agent: false }).end();
    const message = await new Promise<IncomingMessage | NodeJS.ErrnoException>((resolve) => {
      sent
        .once('response', resolve)
        .once('error', resolve)
        .on('upgrade', () => resolve(new Error('upgrade')));
    });
    if (message instanceof Error) return message.code === 'ECONNRESET' ? 'nothing' : 'malformed';
    const body: Buffer[] = [];
    message.on('data', (chunk: Buffer) => void body.push(chunk)).on('error', () => {});
    await new Promise((resolve) => void message.once('close', resolve));
    const { statusCode: status = 0, rawHeaders } = message;
    const headers = rawHeaders.map((text, index) => (index % 2 === 0 ? text.toLowerCase() : text));
    return { status, headers, body: Buffer.concat(body), isWhole: message.complete };
  } finally {
    server.close();
  }
}

const token = fc.stringMatching(/^x-[a-z]{1,8}$/);
const value = fc.stringMatching(/^[!-~]([ -~]{0,20}[!-~])?$/);
const content = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));

/** A chunked body. @param isPlain without extensions and trailers */
const chunked = (isPlain: boolean) =>
  fc
    .record({
      parts: fc.array(content),
      extension: isPlain ? fc.constant('') : fc.constantFrom('', ';a=b', ';x;y="z"'),
      trailer: isPlain ? fc.constant(false) : fc.boolean(),
    })
    .map(({ parts, extension, trailer }) => {
      const chunks = parts
        .filter(({ length }) => length > 0)
        .map((part) =>
          Buffer.concat([Buffer.from(`${part.length.toString(16)}${extension}\r\n`), part, Buffer.from('\r\n')]),
        );
      return Buffer.concat([...chunks, Buffer.from(`0\r\n${trailer ? 'x-after: 1\r\n' : ''}\r\n`)]);
    });

const answer = (isPlain = false) =>
  fc
    .record({
      early: fc.boolean(),
      status: fc.constantFrom(200, 201, 204, 304, 404, 500),
      headers: fc.array(fc.tuple(token, value), { maxLength: 6 }),
      body: fc.oneof(
        content.map((bytes) => ({ framing: `content-length: ${bytes.length}\r\n`, bytes })),
        chunked(isPlain).map((bytes) => ({ framing: 'transfer-encoding: chunked\r\n', bytes })),
        content.map((bytes) => ({ framing: '', bytes })),
      ),
    })
    .map(({ early, status, headers, body }) => {
      const lines = headers.map(([name, text]) => `${name}: ${text}\r\n`).join('');
      const hasBody = status !== 204 && status !== 304;
      const before = early ? 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n' : '';
      const head = `${before}HTTP/1.1 ${status} Words\r\n${lines}${hasBody ? body.framing : ''}\r\n`;
      return Buffer.concat([Buffer.from(head, 'latin1'), hasBody ? body.bytes : Buffer.alloc(0)]);
    });

const pieces = fc.array(fc.integer({ min: 1, max: 120 }), { maxLength: 20 });

describe('an answer read by ourselves', () => {
  test('is what node reads, however it is cut', async () => {
    await fc.assert(
      fc.asyncProperty(answer(), pieces, async (bytes, cuts) => {
        expect(readOurselves(bytes, cuts, 'POST')).toEqual(await readByNode(bytes, 'POST'));
      }),
      { numRuns: 300 },
    );
  }, 60_000);

  test('that breaks off is never taken for a whole one', async () => {
    await fc.assert(
      fc.asyncProperty(answer(), pieces, fc.nat(), async (bytes, cuts, cut) => {
        const begun = bytes.subarray(0, cut % Math.max(1, bytes.length));
        const ours = readOurselves(begun, cuts, 'POST');
        const theirs = await readByNode(begun, 'POST');
        if (typeof ours === 'object' && typeof theirs === 'object') expect(ours).toEqual(theirs);
        else expect(typeof ours).toBe(typeof theirs);
      }),
      { numRuns: 200 },
    );
  }, 60_000);

  test('that node refuses is refused, whatever is wrong with it', async () => {
    await fc.assert(
      fc.asyncProperty(answer(true), fc.nat(), fc.integer({ min: 0, max: 255 }), async (bytes, at, byte) => {
        const odd = Buffer.from(bytes);
        odd[at % odd.length] = byte;
        const ours = readOurselves(odd, [], 'POST');
        const theirs = await readByNode(odd, 'POST');
        // We may be stricter, never laxer; but nobody reads what stands in extensions and trailers.
        if (typeof ours === 'object' && ours.isWhole) expect(ours).toEqual(theirs);
      }),
      { numRuns: 300 },
    );
  }, 60_000);
});

test.each(['HTTP/1.0 103 Early Hints', 'HTTP/1.1 100 Continue\r\nconnection: close'])(
  'news of an answer, on a connection that ends with it, are refused as node does: %j',
  async (news) => {
    const bytes = Buffer.from(`${news}\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n`);
    expect(await readByNode(bytes, 'POST')).toBe('malformed');
    expect(readOurselves(bytes, [], 'POST')).toBe('malformed');
  },
);

test('a body is a copy: nobody may hold what the next read writes over', () => {
  const reader = createAnswerReader();
  const got: Buffer[] = [];
  reader.expect('GET', { head() {}, waits() {}, piece: (bytes) => void got.push(bytes), end() {} });
  const shared = Buffer.from('HTTP/1.1 200 OK\r\n\r\nfirst');
  reader.read(shared);
  shared.fill('#');
  expect(Buffer.concat(got).toString()).toBe('first');
});
