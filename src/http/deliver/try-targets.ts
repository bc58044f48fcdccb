import type { ServerResponse } from 'node:http';
import type { SelectorConfig, SelectorTarget } from '../../config/types.ts';
import type { Selectors } from '../../dispatch/selectors.ts';
import { type ErrorCode, GatewayError } from '../../errors.ts';
import type { Parcel } from './parcel.ts';
import type { HttpLogger } from '../needs.ts';
import { openStreamOf } from '../feedback/open-stream.ts';

interface Attempt {
  readonly selector: SelectorConfig;
  readonly selectors: Selectors;
  readonly parcel: Parcel;
  readonly logger: HttpLogger;
}

/** The target cannot serve, and has not seen the request. */
const CANNOT_SERVE: ReadonlySet<ErrorCode> = new Set([
  'model_start_failed',
  'model_cooling_down',
  'upstream_unreachable',
]);
/** It has enough to do: a reason to spill over. */
const IS_FULL: ReadonlySet<ErrorCode> = new Set(['concurrency_limit', 'queue_full']);
const RETRY_SECONDS = 1;

/**
 * Sends a request to a target of its selector; if that one cannot serve, to the next.
 *
 * INVARIANTS
 * - A target is tried at most once, and its reservation is given back whatever happens.
 * - Each try begins with the request as the client sent it.
 * - Nothing is tried again once a byte of a target's answer is out, or when a target may have begun to work on the
 *   request. A client that is told about the loading hears of the next target's too.
 *
 * @throws GatewayError of the target that was tried first: the preferred one is what needs to be mended.
 */
export async function tryTargets(
  { selector, selectors, parcel, logger }: Attempt,
  send: (parcel: Parcel, target: SelectorTarget) => Promise<void>,
): Promise<void> {
  const { req, res } = parcel;
  const headers = { ...req.headers };
  const { url } = req;
  const tried = new Set<string>();
  let first: GatewayError | null = null;
  for (;;) {
    const choice = selectors.choose(selector, tried);
    if (choice === null) throw first ?? nobody(selector);
    let failed = false;
    try {
      await send(parcel, choice.target);
      return;
    } catch (error) {
      if (!(error instanceof GatewayError) || isAnswered(res) || !mayServeElsewhere(error, selector)) throw error;
      failed = CANNOT_SERVE.has(error.code);
      first ??= error;
    } finally {
      choice.release(failed);
    }
    tried.add(choice.key);
    logger.warn(`selector ${selector.id}: ${choice.target.name} cannot serve`);
    req.headers = { ...headers };
    if (url !== undefined) req.url = url;
  }
}

/** What the gateway itself says while a client waits is no answer: another target's may follow. */
function isAnswered(res: ServerResponse): boolean {
  return res.headersSent && openStreamOf(res) === null;
}

function mayServeElsewhere({ code }: GatewayError, { strategy }: SelectorConfig): boolean {
  return CANNOT_SERVE.has(code) || (strategy === 'spillover' && IS_FULL.has(code));
}

function nobody({ id }: SelectorConfig): GatewayError {
  return new GatewayError('service_unavailable', `No target of the selector '${id}' can take requests now.`, {
    retryAfterSeconds: RETRY_SECONDS,
  });
}
