import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Upstream } from '../../dispatch/lease.ts';
import type { AnswerHead } from '../../upstream/answer-head.ts';
import type { Connection, ExchangeSink } from '../../upstream/connection.ts';
import type { Connections } from '../../upstream/connections.ts';
import { breakOff } from '../break-off.ts';
import { answerHeaders, headersOf } from './answer-headers.ts';
import { type Answer, type FlightWatch, letGo, type Outcome, type Payload } from './flight.ts';
import { tooSlow, upstreamError } from './upstream-error.ts';

/** One try to forward a request whose body is in memory. */
interface DirectErrand {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly upstream: Upstream;
  readonly connections: Connections;
  readonly payload: Payload;
  readonly watch: FlightWatch | null;
}

/** What neither a request line nor node's own client takes. */
const NOT_IN_A_PATH = /[^\u0021-\u00ff]/;

/** Given to a request whose client has left. */
const LEFT = Object.assign(new Error('the client left'), { code: 'ECONNABORTED' });

/** Sends a request over a connection of our own, and its answer to the client as it comes. Never rejects. */
export function forwardDirectly(errand: DirectErrand): Promise<Outcome> {
  const { req, res, upstream } = errand;
  // 'close' is emitted once: who listens after it waits for ever.
  if (res.closed || res.destroyed) return Promise.resolve('over');
  const path = upstream.target.pathname + (req.url ?? '/');
  if (NOT_IN_A_PATH.test(path)) return Promise.resolve(upstreamError({ code: 'ERR_UNESCAPED_CHARACTERS' }));
  return new Promise((resolve) => {
    new DirectFlight(errand, resolve).begin(path);
  });
}

/**
 * A class, since there is one for every request: functions of its own would be made anew for each.
 *
 * INVARIANTS
 * - It settles once: when the answer is whole, when it breaks off, when the client leaves, when none comes.
 * - An upstream that dies after its headers breaks the client's connection; its answer never ends as if it were whole.
 * - No more is read from the upstream than the client takes, but for what is on its way.
 */
class DirectFlight implements ExchangeSink {
  readonly #errand: DirectErrand;
  readonly #settle: (outcome: Outcome) => void;
  readonly #onClose = (): void => this.#leave();
  #connection: Connection | null = null;
  #isAnswered = false;
  #isOver = false;
  #hasBody = false;
  #headerTimer: NodeJS.Timeout | null = null;

  constructor(errand: DirectErrand, settle: (outcome: Outcome) => void) {
    this.#errand = errand;
    this.#settle = settle;
  }

  begin(path: string): void {
    const { req, res, upstream, connections, payload, watch } = this.#errand;
    watch?.leaves((error) => {
      if (!this.#isAnswered) this.#connection?.abort(this, error);
    });
    res.once('close', this.#onClose);
    const { method = 'POST', headers } = req;
    const request = { method, path, headers, body: payload.pieces };
    const sent = upstream.responseHeaderMs === 0 ? null : (): void => this.#startTimer(upstream.responseHeaderMs);
    this.#connection = connections.exchange(request, this, sent);
  }

  head(head: AnswerHead): void {
    const { res, payload, watch } = this.#errand;
    this.#isAnswered = true;
    this.#stopTimer();
    letGo(payload);
    watch?.answered(new DirectAnswer(head));
    const headers = answerHeaders(head.headers);
    if (head.reason === '') res.writeHead(head.status, headers);
    else res.writeHead(head.status, head.reason, headers);
  }

  waits(): void {
    // A client learns at once that its stream has begun, and what it waits for is the body.
    if (!this.#hasBody) this.#errand.res.flushHeaders();
  }

  piece(bytes: Buffer): void {
    const { res, watch } = this.#errand;
    this.#hasBody = true;
    watch?.passed(bytes);
    if (res.write(bytes)) return;
    this.#connection?.pause(this);
    res.once('drain', () => this.#connection?.resume(this));
  }

  end(last: Buffer | null): void {
    const { res, watch } = this.#errand;
    if (last !== null) watch?.passed(last);
    this.#over('over');
    if (last === null) res.end();
    else res.end(last);
  }

  failed(error: NodeJS.ErrnoException): void {
    // A client that left has ended the exchange itself: nobody broke off.
    if (this.#isOver) return;
    const { res, watch } = this.#errand;
    if (this.#isAnswered) watch?.wasCut();
    this.#over(this.#isAnswered ? 'cut' : upstreamError(error));
    if (this.#isAnswered) breakOff(res);
  }

  #leave(): void {
    this.#over('over');
    this.#connection?.abort(this, LEFT);
  }

  #over(outcome: Outcome): void {
    this.#isOver = true;
    this.#stopTimer();
    this.#errand.res.off('close', this.#onClose);
    this.#settle(outcome);
  }

  /** The time for response headers counts from the moment the whole request is out. */
  #startTimer(limitMs: number): void {
    if (this.#isAnswered) return;
    this.#headerTimer = setTimeout(() => this.#connection?.abort(this, tooSlow()), limitMs);
  }

  #stopTimer(): void {
    if (this.#headerTimer !== null) clearTimeout(this.#headerTimer);
    this.#headerTimer = null;
  }
}

/** Its headers by name are made when somebody asks for them. */
class DirectAnswer implements Answer {
  readonly status: number;
  readonly #pairs: readonly string[];
  #headers: IncomingHttpHeaders | null = null;

  constructor({ status, headers }: AnswerHead) {
    this.status = status;
    this.#pairs = headers;
  }

  get headers(): IncomingHttpHeaders {
    return (this.#headers ??= headersOf(this.#pairs));
  }
}
