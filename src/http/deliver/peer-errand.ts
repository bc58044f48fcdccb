import type { IncomingMessage, ServerResponse } from 'node:http';
import type { PeerId } from '../../config/types.ts';
import { GatewayError } from '../../errors.ts';
import type { HttpDeps } from '../deps.ts';
import type { Forward, Payload } from '../forward/flight.ts';

export interface PeerErrand {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly peer: PeerId;
  /** The body in memory, or null when it is streamed. */
  readonly payload: Payload | null;
}

/**
 * Forwards to a peer: no queue, no limit, one try, since a peer may charge for what it has begun.
 *
 * @throws GatewayError `shutting_down`, or one that says that it is the peer that did not answer.
 */
export async function runPeerErrand(
  { req, res, peer, payload }: PeerErrand,
  { peers, logger, watch }: HttpDeps,
  forward: Forward,
): Promise<void> {
  if (res.closed || res.destroyed) return;
  const lease = peers.acquire(peer);
  const outcome = await forward(req, res, lease.upstream, payload, watch.flight(req, res, payload)).finally(() =>
    lease.release(),
  );
  if (outcome === 'cut') logger.warn(() => `the peer ${peer} broke off in the middle of an answer`);
  if (outcome instanceof GatewayError) throw peerError(peer, outcome);
}

export function peerError(peer: PeerId, { code, message, cause }: GatewayError): GatewayError {
  return new GatewayError(code, `peer proxy error: ${peer}: ${message}${hint(cause)}`, { cause });
}

function hint(cause: unknown): string {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  if (code !== 'EHOSTUNREACH' || process.platform !== 'darwin') return '';
  return ' On macOS, allow the gateway to reach devices on the local network (Privacy & Security).';
}
