import type { ServerResponse } from 'node:http';
import { Writable } from 'node:stream';
import { createDecoder } from '../../activity/decoder.ts';
import { GatewayError } from '../../errors.ts';
import type { Answer } from '../forward/flight.ts';
import { type Dialect, upstreamStreamError } from './dialect.ts';

/** Kept of an answer that is no stream. */
const LARGEST_BYTES = 4 * 1024 * 1024;

/** `deflate` in the form that RFC 9110 gives it begins so. */
const ZLIB = 0x78;

/**
 * Lets an upstream's answer follow in an event stream that the gateway has begun. A stream is passed on; an error, whose
 * status can no longer be passed on, and an answer in one piece become events. One that somebody has compressed unasked is
 * unpacked.
 *
 * @param cut Breaks the client's connection, for an answer that cannot be decoded.
 * @returns who is to get the body of the answer
 */
export function appendAnswer(
  { status, headers }: Answer,
  res: ServerResponse,
  dialect: Dialect,
  cut: (why: GatewayError) => void,
): Writable {
  const encoding = headers['content-encoding'] ?? 'identity';
  const decoder = createDecoder(encoding, ZLIB);
  if (decoder === null && encoding.trim().toLowerCase() !== 'identity') {
    const why = `The model server answered in an encoding that nobody asked for (${encoding}).`;
    res.end(dialect.failure(upstreamStreamError(502, why)));
    return new Writable({ write: (_chunk, _encoding, done) => done() });
  }
  const isStream = status < 400 && /text\/event-stream/i.test(headers['content-type'] ?? '');
  const reader = isStream ? res : inOnePiece(status, res, dialect);
  if (decoder === null) return reader;
  decoder.on('error', (cause) => {
    cut(new GatewayError('upstream_closed', `The model server's answer cannot be decoded (${encoding}).`, { cause }));
  });
  decoder.pipe(reader);
  return decoder;
}

function inOnePiece(status: number, res: ServerResponse, dialect: Dialect): Writable {
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
