import type { IncomingMessage } from 'node:http';
import { GatewayError } from '../../errors.ts';
import type { Cors } from './cors.ts';

/**
 * Refuses what a page of another site makes a browser send, unless the configuration allows its origin. A browser adds
 * the key of the gateway by itself once its user has typed it, so the key alone proves nothing. Programs send neither
 * `Sec-Fetch-Site` nor `Origin` and are not concerned.
 *
 * A link that somebody follows by hand is no such thing: `GET /unload` may be one.
 *
 * @throws GatewayError `forbidden`.
 */
export function refuseCrossSite(req: IncomingMessage, cors: Cors): void {
  const { origin, host } = req.headers;
  if (origin !== undefined && cors.allows(origin)) return;
  const site = req.headers['sec-fetch-site'];
  if (site === 'same-origin' || site === 'none') return;
  // Browsers leave Sec-Fetch-Site out on plain HTTP, and tell the origin of everything but simple GETs.
  const foreign = origin === undefined ? site === 'cross-site' : hostOf(origin) !== host?.toLowerCase();
  if (!foreign || isFollowedLink(req)) return;
  throw new GatewayError(
    'forbidden',
    'A page of another site asks for this. If it is yours, add its origin to server.cors.origins.',
  );
}

/** With the port, unless it is the usual one. '' for the origin `null` of a sandboxed page. */
function hostOf(origin: string): string {
  return URL.canParse(origin) ? new URL(origin).host : '';
}

function isFollowedLink({ method, headers }: IncomingMessage): boolean {
  return method === 'GET' && headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-user'] === '?1';
}
