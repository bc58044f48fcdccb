import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { AuthConfig, PeerConfig, UpstreamConfig } from '../../config/types.ts';

/** Headers that belong to one connection and not to the request; transfer-encoding is handled where the body is known. */
const HOP_BY_HOP = [
  'connection',
  'proxy-connection',
  'keep-alive',
  'te',
  'trailer',
  'upgrade',
  'proxy-authenticate',
  'proxy-authorization',
] as const;

/** How the request came through other proxies: no business of a server that others run. */
const FORWARDED = /^(?:forwarded|x-forwarded-.+|x-real-ip)$/;

/** For whom the headers are made. */
export interface Addressee {
  /** Whether the gateway itself has asked for the key that the request carries. */
  readonly auth: AuthConfig;
  /** Null for a model of this gateway. */
  readonly peer: PeerConfig | null;
}

/** For these, node announces a body of unknown length by itself. */
function hasBodyByDefault({ method }: IncomingMessage): boolean {
  return method === 'POST' || method === 'PUT' || method === 'PATCH';
}

/**
 * Turns the headers of a client's request into those of the request to the upstream, in place (httpxy copies them when
 * it forwards). Call it once per request, before the first try.
 *
 * @param bodyBytes Length of the body in memory, or null when it is streamed on as it comes.
 */
export function prepareUpstreamHeaders(req: IncomingMessage, bodyBytes: number | null, addressee: Addressee): void {
  const { headers } = req;
  const trailers = /\btrailers\b/i.test(String(headers['te'] ?? ''));
  stripHopByHop(headers);
  if (trailers) headers['te'] = 'trailers';
  // The server has answered it already; passed on, it would also keep httpxy from telling about its request.
  delete headers.expect;
  introduce(req, addressee);
  if (bodyBytes !== null) {
    delete headers['transfer-encoding'];
    delete headers['content-length'];
    if (bodyBytes > 0 || hasBodyByDefault(req)) headers['content-length'] = String(bodyBytes);
  } else if (headers['transfer-encoding'] !== undefined && hasBodyByDefault(req)) {
    // httpxy gives up the upstream connection after a request that carries this header; node sets it again itself.
    delete headers['transfer-encoding'];
  }
}

/** Headers of a request for a WebSocket: the upgrade is the one hop-by-hop header that goes on. */
export function prepareUpgradeHeaders(req: IncomingMessage, addressee: Addressee): void {
  const { headers } = req;
  stripHopByHop(headers);
  headers.connection = 'Upgrade';
  headers.upgrade = 'websocket';
  introduce(req, addressee);
}

/** Removes the hop-by-hop headers, and those that `Connection` names. */
export function stripHopByHop(headers: IncomingHttpHeaders): void {
  const named = headers.connection;
  for (const name of HOP_BY_HOP) delete headers[name];
  if (named === undefined) return;
  for (const token of named.split(',')) {
    const name = token.trim().toLowerCase();
    // These frame the body or name the host; a client cannot have them dropped on the way.
    if (name !== 'content-length' && name !== 'transfer-encoding' && name !== 'host') delete headers[name];
  }
}

/**
 * Says who asks. This is also the one place where a key for the gateway itself leaves the request: as long as the gateway
 * asks for none, `authorization` and `x-api-key` are meant for the upstream and go on.
 */
function introduce(req: IncomingMessage, { auth, peer }: Addressee): void {
  const { headers } = req;
  if (auth.keys.length > 0) {
    delete headers.authorization;
    delete headers['x-api-key'];
  }
  if (peer === null) identifyClient(req);
  else {
    for (const name of Object.keys(headers)) if (FORWARDED.test(name)) delete headers[name];
    headers.host = hostOf(peer.upstream);
    if (peer.apiKey !== null) {
      headers.authorization = `Bearer ${peer.apiKey}`;
      headers['x-api-key'] = peer.apiKey;
    }
  }
}

function identifyClient(req: IncomingMessage): void {
  const address = req.socket.remoteAddress?.replace(/^::ffff:/, '');
  if (address === undefined) return;
  const before = req.headers['x-forwarded-for'];
  req.headers['x-forwarded-for'] = before === undefined ? address : `${String(before)}, ${address}`;
}

/** As a `Host` header has it: without the usual port. */
function hostOf({ protocol, hostname, port }: UpstreamConfig): string {
  const host = hostname.includes(':') ? `[${hostname}]` : hostname;
  return port === (protocol === 'https:' ? 443 : 80) ? host : `${host}:${port}`;
}
