import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { createDecoder } from '../../activity/decoder.ts';
import { GatewayError } from '../../errors.ts';
import { type Dialect, upstreamStreamError } from './dialect.ts';

/** Kept of an answer that is no stream. */
const LARGEST_BYTES = 4 * 1024 * 1024;

/** `deflate` in the form that RFC 9110 gives it begins so. */
const ZLIB = 0x78;

/**
 * Lets an upstream's answer follow in an event stream that the gateway has begun. A stream is piped on; an error, whose
 * status can no longer be passed on, and an answer in one piece become events. One that somebody has compressed unasked is
 * unpacked.
 *
 * @param cut Breaks the client's connection, for an answer that cannot be decoded.
 */
export function appendAnswer(
  answer: IncomingMessage,
  res: ServerResponse,
  dialect: Dialect,
  cut: (why: GatewayError) => void,
): void {
  const status = answer.statusCode ?? 0;
  const encoding = answer.headers['content-encoding'] ?? 'identity';
  const body = unpacked(answer, encoding, cut);
  if (body === null) {
    const why = `The model server answered in an encoding that nobody asked for (${encoding}).`;
    answer.resume();
    res.end(dialect.failure(upstreamStreamError(502, why)));
    return;
  }
  if (status < 400 && /text\/event-stream/i.test(answer.headers['content-type'] ?? '')) {
    body.pipe(res);
    return;
  }
  const chunks: Buffer[] = [];
  let size = 0;
  body.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= LARGEST_BYTES) chunks.push(chunk);
  });
  body.once('end', () => {
    const text = Buffer.concat(chunks).toString();
    const isWhole = status < 400 && size <= LARGEST_BYTES;
    // Line ends stand between the parts of JSON only; within an event they would end it.
    if (isWhole) res.end(dialect.whole(text.replaceAll(/[\r\n]+/g, ' ')));
    else res.end(dialect.failure(upstreamStreamError(status, text)));
  });
}

/** @returns null for an encoding that is not known. */
function unpacked(answer: IncomingMessage, encoding: string, cut: (why: GatewayError) => void): Readable | null {
  const decoder = createDecoder(encoding, ZLIB);
  if (decoder === null) return encoding.trim().toLowerCase() === 'identity' ? answer : null;
  decoder.once('error', (cause) => {
    cut(new GatewayError('upstream_closed', `The model server's answer cannot be decoded (${encoding}).`, { cause }));
  });
  return answer.pipe(decoder);
}
