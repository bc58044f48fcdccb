import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Upstream } from '../../dispatch/lease.ts';
import type { ExchangeSink } from '../../upstream/connection.ts';
import { discardRest, lateBody } from '../body/late-body.ts';
import { limitSilence } from '../body/limit-silence.ts';
import type { Payload } from './flight.ts';
import { readBeforeBroken } from './read-before-broken.ts';
import type { Carrier, Relay, RelayedHead } from './relay.ts';

interface ExchangeParts {
  readonly req: IncomingMessage;
  readonly relay: Relay;
  readonly upstream: Upstream;
  /** The body in memory, or null when it is streamed. */
  readonly payload: Payload | null;
  /** Silence after which a body that is streamed is given up; nobody's lease is held for ever. */
  readonly bodyIdleMs: number;
}

/** An exchange that node's own client carries. */
export class ProxiedExchange implements Carrier {
  readonly parts: ExchangeParts;
  #request: ClientRequest | null = null;
  #answer: IncomingMessage | null = null;
  /** Given before there was a request to end. */
  #abortion: Error | null = null;
  #isWhole = false;

  constructor(parts: ExchangeParts) {
    this.parts = parts;
  }

  /** The request has a connection, and is about to leave on it. */
  departs(request: ClientRequest): void {
    const { relay, upstream, payload } = this.parts;
    this.#request = request;
    relay.leaves();
    // Node drops the connection of a 101 that nobody asked for, and tells nobody else.
    request.on('upgrade', (_answer, socket) => {
      socket.destroy();
      this.failed(malformed());
    });
    if (payload === null) this.#streams(request);
    if (this.#abortion !== null) request.destroy(this.#abortion);
    else if (upstream.responseHeaderMs > 0) request.once('finish', () => relay.sent());
  }

  /** To be called before httpxy listens to the answer: it ends the response of one that breaks off. */
  answered(answer: IncomingMessage): void {
    if (this.#request?.headersSent === false) {
      // What comes before its request is out is no answer to it.
      this.#ends(tooEarly());
      return;
    }
    this.#answer = answer;
    answer
      .on('error', (error) => this.failed(error))
      .on('data', (bytes: Buffer) => this.#passed(answer, bytes))
      .on('end', () => this.#end(null));
    try {
      this.parts.relay.head(headOf(answer));
    } catch {
      this.#ends(malformed());
      return;
    }
    // One turn later a body that came with the headers has been written along: one packet, not two.
    setImmediate(() => this.parts.relay.waits());
  }

  failed(error: unknown): void {
    // An upstream may answer early and hang up on the rest of the request: its answer is whole all the same.
    if (this.#answer?.complete !== true) this.parts.relay.failed(error as NodeJS.ErrnoException);
  }

  pause(): void {
    this.#answer?.pause();
  }

  resume(): void {
    this.#answer?.resume();
  }

  abort(_of: ExchangeSink, error: Error): void {
    this.#abortion = error;
    this.#request?.destroy(error);
  }

  /** Told at once: what follows in the same packet may complete the answer, and then nothing that fails counts. */
  #ends(error: NodeJS.ErrnoException): void {
    this.parts.relay.failed(error);
    this.abort(this.parts.relay, error);
  }

  /** A client that has its answer already may take its time with the rest. */
  #streams(request: ClientRequest): void {
    const { req, relay, bodyIdleMs } = this.parts;
    if (request.socket !== null) readBeforeBroken(request.socket);
    const stop = limitSilence(req, bodyIdleMs, () => {
      this.abort(relay, lateBody());
      discardRest(req);
    });
    request.once('response', stop).once('close', stop);
  }

  #passed(answer: IncomingMessage, bytes: Buffer): void {
    // What is known to be the last piece goes out with the end.
    if (answer.complete && answer.readableLength === 0) this.#end(bytes);
    else this.parts.relay.piece(bytes);
  }

  #end(last: Buffer | null): void {
    if (this.#isWhole) return;
    this.#isWhole = true;
    this.parts.relay.end(last);
  }
}

function headOf({ statusCode = 0, statusMessage = '', rawHeaders }: IncomingMessage): RelayedHead {
  const headers = rawHeaders.map((text, at) => (at % 2 === 0 ? text.toLowerCase() : text));
  return { status: statusCode, reason: statusMessage, headers };
}

function tooEarly(): NodeJS.ErrnoException {
  return Object.assign(new Error('the upstream talked before it was asked'), { code: 'ECONNRESET' });
}

function malformed(): NodeJS.ErrnoException {
  return Object.assign(new Error('an answer that nobody could pass on'), { code: 'ERR_MALFORMED_ANSWER' });
}
