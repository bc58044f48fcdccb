import type { ServerResponse } from 'node:http';
import { Writable } from 'node:stream';
import type { Answer } from '../forward/flight.ts';
import { type Dialect, upstreamStreamError } from './dialect.ts';

/** Kept of an answer that is no stream. */
const LARGEST_BYTES = 4 * 1024 * 1024;

/**
 * Lets an upstream's answer follow in an event stream that the gateway has begun. A stream is passed on; an error, whose
 * status can no longer be passed on, and an answer in one piece become events.
 *
 * @returns who is to get the body of the answer
 */
export function appendAnswer({ status, headers }: Answer, res: ServerResponse, dialect: Dialect): Writable {
  if (status < 400 && /text\/event-stream/i.test(headers['content-type'] ?? '')) return res;
  const chunks: Buffer[] = [];
  let size = 0;
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      size += chunk.length;
      if (size <= LARGEST_BYTES) chunks.push(chunk);
      done();
    },
    final(done) {
      const text = Buffer.concat(chunks).toString();
      const isWhole = status < 400 && size <= LARGEST_BYTES;
      // Line ends stand between the parts of JSON only; within an event they would end it.
      if (isWhole) res.end(dialect.whole(text.replaceAll(/[\r\n]+/g, ' ')));
      else res.end(dialect.failure(upstreamStreamError(status, text)));
      done();
    },
  });
}
