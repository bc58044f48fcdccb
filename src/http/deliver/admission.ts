import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import type { Failure } from '../../../machines/shared/failure.ts';
import type { Destination, Lease } from '../../dispatch/lease.ts';
import { GatewayError } from '../../errors.ts';
import { readAhead } from '../body/read-ahead.ts';
import type { HttpDeps } from '../deps.ts';
import type { Forward, Outcome, Payload } from '../forward/flight.ts';
import { mayHelpToAskAgain } from '../forward/upstream-error.ts';

/** The end of a crashed process is reported a moment after its connections break; asking again sooner finds it "ready". */
const CRASH_NEWS_MS = 50;

/** Given as the reason, because `abort` without one builds an exception with its stack: 5 % of a request. */
const LEFT = 'the client left';

export interface Errand {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly destination: Destination;
  /** The body in memory, or null when it is streamed and can be sent only once. */
  readonly payload: Payload | null;
}

/**
 * Waits for the right to use the model, forwards, and gives the right back. When the upstream goes away before it has
 * answered anything, and the body can be sent again, this is done once more from the start: the desk then starts a
 * crashed model again, and the client notices nothing but a wait.
 *
 * INVARIANTS
 * - A lease that was granted is released exactly once, also when the client left before the grant was heard of.
 * - Nothing is written to the client here; the proxy writes answers, the error handler errors.
 * - At most two tries, the second only when not a byte of an answer was seen, and never for a model that the gateway
 *   itself is ending: who unloads a model does not want the request it breaks to load it again.
 *
 * Resolves when there is nothing more to do: it is answered, or the client has left, or its connection was broken.
 *
 * @throws GatewayError from the desk, or that of the last try.
 */
export async function runErrand(errand: Errand, deps: HttpDeps, forward: Forward): Promise<void> {
  const { req, res, destination, payload } = errand;
  const { desk, board, logger, watch } = deps;
  for (let lastTry = payload === null; ; lastTry = true) {
    // Looked at first, because a 'close' that has been emitted is never heard of again.
    if (res.closed || res.destroyed) return;
    const standing = watch.mayGoOn(res) ? desk.take(destination) : null;
    if (standing !== null) watch.served(res, destination.model);
    const lease = standing ?? (await waitForLease(errand, deps));
    let outcome: Outcome;
    try {
      outcome = await forward(req, res, lease.upstream, payload, watch.flight(req, res, payload));
    } finally {
      lease.release();
    }
    if (outcome === 'cut') logger.warn(() => `${lease.model} broke off in the middle of an answer`);
    if (!(outcome instanceof GatewayError)) return;
    if (!mayHelpToAskAgain(outcome)) throw outcome;
    if (lease.upstream.isEnding()) throw unloadedMeanwhile(outcome);
    await pause(CRASH_NEWS_MS);
    if (lastTry && !res.closed && !res.destroyed) throw withFailure(outcome, board.failureOf(lease.model));
  }
}

/** @throws GatewayError when the desk refuses, the client leaves, or an operator has cancelled the request. */
async function waitForLease({ req, res, destination, payload }: Errand, { desk, watch }: HttpDeps): Promise<Lease> {
  const gone = new AbortController();
  const onClose = (): void => gone.abort(LEFT);
  // For the time of the wait only: to abort a controller that nobody listens to any more is not free.
  res.once('close', onClose);
  const putBack = payload === null ? readAhead(req) : null;
  try {
    const waiting = watch.wait(res, destination.model, payload, gone);
    const lease = await desk.acquire(destination, gone.signal).catch((refusal: unknown) => {
      waiting?.refused();
      throw refusal;
    });
    waiting?.granted();
    return lease;
  } finally {
    putBack?.();
    res.off('close', onClose);
  }
}

function unloadedMeanwhile(cause: GatewayError): GatewayError {
  return new GatewayError('model_unloaded', 'The model was unloaded before it answered this request.', { cause });
}

/** Says what became of the upstream, when its end is what broke the request. */
function withFailure(error: GatewayError, failure: Failure | null): GatewayError {
  if (failure === null) return error;
  return new GatewayError(error.code, `${error.message} ${failure.message}`, { failure, cause: error.cause });
}
