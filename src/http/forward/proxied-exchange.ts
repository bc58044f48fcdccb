import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Upstream } from '../../dispatch/lease.ts';
import type { ExchangeSink } from '../../upstream/connection.ts';
import type { Payload } from './flight.ts';
import type { Carrier, Relay, RelayedHead } from './relay.ts';

/** An exchange that node's own client carries. */
export class ProxiedExchange implements Carrier {
  readonly upstream: Upstream;
  readonly payload: Payload | null;
  readonly #relay: Relay;
  #request: ClientRequest | null = null;
  #answer: IncomingMessage | null = null;
  /** Given before there was a request to end. */
  #abortion: Error | null = null;
  #isWhole = false;

  constructor(relay: Relay, upstream: Upstream, payload: Payload | null) {
    this.#relay = relay;
    this.upstream = upstream;
    this.payload = payload;
  }

  /** The request has a connection, and is about to leave on it. */
  departs(request: ClientRequest): void {
    this.#request = request;
    this.#relay.leaves();
    // Node drops the connection of a 101 that nobody asked for, and tells nobody else.
    request.once('upgrade', (_answer, socket) => {
      socket.destroy();
      this.failed(malformed());
    });
    if (this.#abortion !== null) request.destroy(this.#abortion);
    else if (this.upstream.responseHeaderMs > 0) request.once('finish', () => this.#relay.sent());
  }

  /** To be called before httpxy listens to the answer: it ends the response of one that breaks off. */
  answered(answer: IncomingMessage): void {
    this.#answer = answer;
    answer.once('error', (error) => this.failed(error));
    answer.on('data', (bytes: Buffer) => this.#passed(answer, bytes)).once('end', () => this.#end(null));
    try {
      this.#relay.head(headOf(answer));
    } catch {
      this.abort(this.#relay, malformed());
      return;
    }
    // One turn later a body that came with the headers has been written along: one packet, not two.
    setImmediate(() => this.#relay.waits());
  }

  failed(error: unknown): void {
    // An upstream may answer early and hang up on the rest of the request: its answer is whole all the same.
    if (this.#answer?.complete !== true) this.#relay.failed(error as NodeJS.ErrnoException);
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

  #passed(answer: IncomingMessage, bytes: Buffer): void {
    // What is known to be the last piece goes out with the end.
    if (answer.complete && answer.readableLength === 0) this.#end(bytes);
    else this.#relay.piece(bytes);
  }

  #end(last: Buffer | null): void {
    if (this.#isWhole) return;
    this.#isWhole = true;
    this.#relay.end(last);
  }
}

function headOf({ statusCode = 0, statusMessage = '', rawHeaders }: IncomingMessage): RelayedHead {
  const headers = rawHeaders.map((text, at) => (at % 2 === 0 ? text.toLowerCase() : text));
  return { status: statusCode, reason: statusMessage, headers };
}

function malformed(): NodeJS.ErrnoException {
  return Object.assign(new Error('an answer that nobody could pass on'), { code: 'ERR_MALFORMED_ANSWER' });
}
