import type { IncomingMessage } from 'node:http';
import { GatewayError } from '../../errors.ts';
import { discardRest, lateBody } from './late-body.ts';

export interface BodyLimits {
  /** In bytes. */
  readonly maxBytes: number;
  /** Silence (ms) after which the body is given up. */
  readonly idleMs: number;
  /** Longest time (ms) for all of it. */
  readonly totalMs: number;
}

/** Node reads the body after the headers, in one turn of the event loop, but runs whatever is due in between. */
const nextTurn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/**
 * Reads a request body into one Buffer. What has come in one packet with its headers is there at the end of this turn of
 * the event loop, and needs no listener and no clock.
 *
 * @throws GatewayError `body_too_large`, `request_timeout`, or `client_closed_request` when the client has left.
 */
export async function readBody(req: IncomingMessage, limits: BodyLimits): Promise<Buffer> {
  const declared = Number(req.headers['content-length'] ?? 0);
  if (declared > limits.maxBytes) {
    discardRest(req);
    throw tooLarge(limits.maxBytes);
  }
  await nextTurn();
  // Its 'close' has been emitted perhaps, and is never heard of again.
  if (req.destroyed) throw gone();
  if (!req.complete) return collectBody(req, limits);
  const body = (req.read() as Buffer | null) ?? EMPTY;
  if (body.length > limits.maxBytes) throw tooLarge(limits.maxBytes);
  return body;
}

const EMPTY = Buffer.alloc(0);

/**
 * Plain events: `for await` over the stream costs twice as much as everything XState does for a request.
 *
 * INVARIANTS
 * - It settles exactly once, and leaves no listener and no timer behind.
 * - Once it has failed, nothing more is kept: the chunks are freed and the rest of the body is thrown away.
 */
function collectBody(req: IncomingMessage, limits: BodyLimits): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let chunks: Buffer[] = [];
    let length = 0;
    const idle = setTimeout(onTimeout, limits.idleMs);
    const total = setTimeout(onTimeout, limits.totalMs);

    function onData(chunk: Buffer): void {
      length += chunk.length;
      if (length > limits.maxBytes) {
        fail(tooLarge(limits.maxBytes));
        return;
      }
      chunks.push(chunk);
      idle.refresh();
    }
    function onEnd(): void {
      stopListening();
      const [only] = chunks;
      resolve(chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks, length));
    }
    function onTimeout(): void {
      fail(lateBody());
    }
    function onGone(): void {
      fail(gone());
    }
    function fail(error: GatewayError): void {
      chunks = [];
      stopListening();
      discardRest(req);
      reject(error);
    }
    function stopListening(): void {
      clearTimeout(idle);
      clearTimeout(total);
      req.off('data', onData).off('end', onEnd).off('error', onGone).off('close', onGone);
    }
    req.on('data', onData).on('end', onEnd).on('error', onGone).on('close', onGone);
  });
}

function gone(): GatewayError {
  return new GatewayError('client_closed_request', 'The client left before its request was complete.');
}

function tooLarge(maxBytes: number): GatewayError {
  return new GatewayError('body_too_large', `The request body is larger than ${maxBytes} bytes.`);
}
