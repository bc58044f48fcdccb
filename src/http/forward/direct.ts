import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Upstream } from '../../dispatch/lease.ts';
import type { AnswerHead } from '../../upstream/answer-head.ts';
import type { Connections } from '../../upstream/connections.ts';
import { answerHeaders, headersOf } from './answer-headers.ts';
import { type FlightWatch, letGo, type Outcome, type Payload } from './flight.ts';
import { tooSlow, upstreamError } from './upstream-error.ts';

/** One try to forward a request whose body is in memory. */
interface DirectFlight {
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

/**
 * Sends a request over a connection of our own, and its answer to the client as it comes.
 *
 * INVARIANTS
 * - It resolves once: when the answer is whole, when it breaks off, when the client leaves, when none comes.
 * - An upstream that dies after its headers breaks the client's connection; its answer never ends as if it were whole.
 * - No more is read from the upstream than the client takes, but for what is on its way.
 */
export function forwardDirectly(flight: DirectFlight): Promise<Outcome> {
  const { req, res, upstream, connections, payload, watch } = flight;
  return new Promise((resolve) => {
    // 'close' is emitted once: who listens after it waits for ever.
    if (res.closed || res.destroyed) return resolve('over');
    const path = upstream.target.pathname + (req.url ?? '/');
    if (NOT_IN_A_PATH.test(path)) return resolve(upstreamError({ code: 'ERR_UNESCAPED_CHARACTERS' }));
    let isAnswered = false;
    let hasBody = false;
    let headerTimer: NodeJS.Timeout | null = null;

    const settle = (outcome: Outcome): void => {
      if (headerTimer !== null) clearTimeout(headerTimer);
      res.off('close', onClose);
      resolve(outcome);
    };
    const onClose = (): void => {
      settle('over');
      exchange.abort(LEFT);
    };
    const onDrain = (): void => exchange.resume();

    watch?.leaves((error) => {
      if (!isAnswered) exchange.abort(error);
    });
    const { method = 'POST', headers } = req;
    const exchange = connections.exchange(
      { method, path, headers, body: payload.pieces },
      {
        head(head) {
          isAnswered = true;
          if (headerTimer !== null) clearTimeout(headerTimer);
          letGo(payload);
          watch?.answered({
            status: head.status,
            get headers() {
              return headersOf(head.headers);
            },
          });
          begin(res, head);
        },
        waits() {
          // A client learns at once that its stream has begun, and what it waits for is the body.
          if (!hasBody) res.flushHeaders();
        },
        piece(bytes) {
          hasBody = true;
          watch?.passed(bytes);
          if (res.write(bytes)) return;
          exchange.pause();
          res.once('drain', onDrain);
        },
        end(last) {
          if (last === null) res.end();
          else {
            watch?.passed(last);
            res.end(last);
          }
          settle('over');
        },
        failed(error) {
          if (!isAnswered) return settle(upstreamError(error));
          watch?.wasCut();
          settle('cut');
          res.destroy();
        },
      },
      upstream.responseHeaderMs === 0 ? null : startTimer,
    );
    res.once('close', onClose);

    /** The time for response headers counts from the moment the whole request is out. */
    function startTimer(): void {
      if (isAnswered) return;
      headerTimer = setTimeout(() => exchange.abort(tooSlow()), upstream.responseHeaderMs);
    }
  });
}

function begin(res: ServerResponse, { status, reason, headers: theirs }: AnswerHead): void {
  const headers = answerHeaders(theirs);
  if (reason === '') res.writeHead(status, headers);
  else res.writeHead(status, reason, headers);
}
