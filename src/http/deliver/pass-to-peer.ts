import type { IncomingMessage, ServerResponse } from 'node:http';
import { qualifiedName } from '../../dispatch/peer-index.ts';
import type { PeerModel } from '../../dispatch/peer-index.ts';
import type { HttpDeps } from '../deps.ts';
import { hasBody } from '../body/has-body.ts';
import { locateModel } from '../body/locate-model.ts';
import type { LocatedModel } from '../body/locate-model.ts';
import { runPeerErrand } from './peer-errand.ts';
import type { Forward } from '../forward/flight.ts';
import { readBody } from '../body/read-body.ts';
import type { BodyLimits } from '../body/read-body.ts';
import { byteLength, rewriteBody, rewriteUrl } from '../body/rewrite-body.ts';
import { prepareUpstreamHeaders } from '../forward/upstream-headers.ts';

/** A request below `/upstream` for a model of a peer. */
interface PeerPassage {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  /** As the client wrote it, after a pin. */
  readonly name: string;
  readonly found: PeerModel;
  /** The path for the peer. */
  readonly rest: string;
}

const MAY_NAME_A_MODEL = /json|^multipart\/form-data|^application\/x-www-form-urlencoded/i;

/**
 * Passes a request on as it is, but for one thing: a `model` that is `peer/model` in full loses the peer, which does not
 * know that name. Only for this is a body read; every other is streamed.
 *
 * @throws GatewayError when the body cannot be read or the peer does not answer.
 */
export async function passToPeer(
  { req, res, name, found, rest }: PeerPassage,
  deps: HttpDeps,
  forward: Forward,
  limits: BodyLimits,
): Promise<void> {
  const { config } = deps;
  const peer = config.peers.get(found.peer);
  if (peer === undefined) throw new Error(`not in the configuration: ${found.peer}`);
  const isQualified = name === qualifiedName(found);
  const type = req.headers['content-type'] ?? '';
  const streamed = hasBody(req);
  req.url = rest;

  if (isQualified && (!streamed || MAY_NAME_A_MODEL.test(type))) {
    const body = await readBody(req, limits);
    const located = locate(rest, type, body);
    const renamed = located?.name === name ? located : null;
    const pieces = renamed ? rewriteBody(body, renamed, found.model) : [body];
    if (renamed) req.url = rewriteUrl(rest, renamed, found.model);
    prepareUpstreamHeaders(req, byteLength(pieces), { auth: config.auth, peer });
    return runPeerErrand({ req, res, peer: peer.id, payload: { pieces } }, deps, forward);
  }
  prepareUpstreamHeaders(req, streamed ? null : 0, { auth: config.auth, peer });
  return runPeerErrand({ req, res, peer: peer.id, payload: streamed ? null : { pieces: [] } }, deps, forward);
}

/** Null when the request names no model: here that is the peer's business. */
function locate(url: string, type: string, body: Buffer): LocatedModel | null {
  try {
    return locateModel(url, type, body);
  } catch {
    return null;
  }
}
