import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import type { Writable } from 'node:stream';
import type { AnswerHead } from '../../upstream/answer-head.ts';
import type { Connection, ExchangeSink } from '../../upstream/connection.ts';
import { exchangeBegins, exchangeEnds, writeTogether } from '../../write-together.ts';
import { breakOff } from '../break-off.ts';
import { answerHeaders, headersOf } from './answer-headers.ts';
import { type Answer, type FlightWatch, letGo, type Outcome, type Payload } from './flight.ts';
import { tooSlow, upstreamError } from './upstream-error.ts';

/** What brings the answer. For an exchange that is over it does nothing. */
export type Carrier = Pick<Connection, 'pause' | 'resume' | 'abort'>;

/** The beginning of an answer, as much of it as goes on. */
export type RelayedHead = Pick<AnswerHead, 'status' | 'reason' | 'headers'>;

/** One try to forward a request. */
export interface Try {
  readonly res: ServerResponse;
  /** The body in memory, or null when it is streamed. */
  readonly payload: Payload | null;
  readonly watch: FlightWatch | null;
  /** Milliseconds to wait for the headers of an answer once the whole request is out; 0 = no limit. */
  readonly responseHeaderMs: number;
  /** Sends the request. The relay is told when it leaves, and gets its answer. */
  depart(relay: Relay): Carrier;
}

/** Given to a request whose client has left. */
const LEFT = Object.assign(new Error('the client left'), { code: 'ECONNABORTED' });

/** Sends a request on its way, and its answer to the client as it comes. Never rejects. */
export function relay(attempt: Try): Promise<Outcome> {
  const { res } = attempt;
  // 'close' is emitted once: who listens after it waits for ever.
  if (res.closed || res.destroyed) return Promise.resolve('over');
  return new Promise((resolve) => {
    new Relay(attempt, resolve).begin();
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
export class Relay implements ExchangeSink {
  readonly #try: Try;
  readonly #settle: (outcome: Outcome) => void;
  readonly #onClose = (): void => this.#leave();
  #carrier: Carrier | null = null;
  /** Who gets the body: the response, or what takes the answer over. */
  #recipient: Writable;
  #isAnswered = false;
  /** Its head goes out with it, if it has not gone before. */
  #hasBody = false;
  #isOver = false;
  #headerTimer: NodeJS.Timeout | null = null;

  constructor(attempt: Try, settle: (outcome: Outcome) => void) {
    this.#try = attempt;
    this.#settle = settle;
    this.#recipient = attempt.res;
  }

  /** To be called once, before anything else. */
  begin(): void {
    this.#try.res.once('close', this.#onClose);
    exchangeBegins();
    this.#carrier = this.#try.depart(this);
  }

  /** The request is about to leave; its body has not begun to. */
  leaves(): void {
    this.#try.watch?.leaves((error) => {
      if (!this.#isAnswered) this.#carrier?.abort(this, error);
    });
  }

  /** The whole request is out. */
  sent(): void {
    const { responseHeaderMs } = this.#try;
    if (this.#isAnswered || this.#isOver || responseHeaderMs === 0) return;
    this.#headerTimer = setTimeout(() => this.#carrier?.abort(this, tooSlow()), responseHeaderMs);
  }

  /** @throws Error for what cannot be written as the head of a response; then there has been no answer. */
  head(head: RelayedHead): void {
    const { payload, watch } = this.#try;
    const answer = new RelayedAnswer(head);
    if (watch?.takeOver == null) this.#writeHead(head);
    else {
      this.#recipient = watch.takeOver(answer);
      // The response has begun long ago.
      this.#hasBody = true;
    }
    this.#isAnswered = true;
    this.#stopTimer();
    if (payload !== null) letGo(payload);
    watch?.answered(answer);
  }

  waits(): void {
    // A client learns at once that its stream has begun, and what it waits for is the body.
    if (!this.#hasBody && !this.#isOver) this.#try.res.flushHeaders();
  }

  piece(bytes: Buffer): void {
    if (this.#isOver) return;
    this.#hasBody = true;
    this.#try.watch?.passed(bytes);
    if (this.#recipient.write(bytes)) return;
    this.#carrier?.pause(this);
    this.#recipient.once('drain', () => this.#carrier?.resume(this));
  }

  end(last: Buffer | null): void {
    this.#hasBody = true;
    if (last !== null) this.#try.watch?.passed(last);
    writeTogether(() => this.#finish(last));
  }

  failed(error: NodeJS.ErrnoException): void {
    // A client that left has ended the exchange itself: nobody broke off.
    if (this.#isOver) return;
    const { res, watch } = this.#try;
    if (this.#isAnswered) watch?.wasCut();
    this.#over(this.#isAnswered ? 'cut' : upstreamError(error));
    if (this.#isAnswered) breakOff(res);
  }

  #writeHead({ status, reason, headers }: RelayedHead): void {
    const { res } = this.#try;
    try {
      if (reason === '') res.writeHead(status, answerHeaders(headers));
      else res.writeHead(status, reason, answerHeaders(headers));
    } catch (error) {
      // Node has put it there before it looked at it, and would take it for whatever is answered instead.
      res.statusMessage = '';
      throw error;
    }
  }

  #finish(last: Buffer | null): void {
    if (this.#isOver) return;
    this.#over('over');
    if (last === null) this.#recipient.end();
    else this.#recipient.end(last);
  }

  #leave(): void {
    if (this.#isOver) return;
    this.#over('over');
    this.#carrier?.abort(this, LEFT);
  }

  #over(outcome: Outcome): void {
    this.#isOver = true;
    exchangeEnds();
    this.#stopTimer();
    this.#try.res.off('close', this.#onClose);
    this.#settle(outcome);
  }

  #stopTimer(): void {
    if (this.#headerTimer !== null) clearTimeout(this.#headerTimer);
    this.#headerTimer = null;
  }
}

/** Its headers by name are made when somebody asks for them. */
class RelayedAnswer implements Answer {
  readonly status: number;
  readonly #pairs: readonly string[];
  #headers: IncomingHttpHeaders | null = null;

  constructor({ status, headers }: RelayedHead) {
    this.status = status;
    this.#pairs = headers;
  }

  get headers(): IncomingHttpHeaders {
    return (this.#headers ??= headersOf(this.#pairs));
  }
}
