import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';

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
export function prepareUpstreamHeaders(req: IncomingMessage, bodyBytes: number | null): void {
  const { headers } = req;
  const trailers = /\btrailers\b/i.test(String(headers['te'] ?? ''));
  stripHopByHop(headers);
  if (trailers) headers['te'] = 'trailers';
  // The server has answered it already; passed on, it would also keep httpxy from telling about its request.
  delete headers.expect;
  identifyClient(req);
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
export function prepareUpgradeHeaders(req: IncomingMessage): void {
  const { headers } = req;
  stripHopByHop(headers);
  headers.connection = 'Upgrade';
  headers.upgrade = 'websocket';
  identifyClient(req);
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
 * Says who asks. This is also the one place where a key for the gateway itself would leave the request: as long as the
 * gateway asks for none, `authorization` and `x-api-key` are meant for the upstream and go on.
 */
function identifyClient(req: IncomingMessage): void {
  const address = req.socket.remoteAddress?.replace(/^::ffff:/, '');
  if (address === undefined) return;
  const before = req.headers['x-forwarded-for'];
  req.headers['x-forwarded-for'] = before === undefined ? address : `${String(before)}, ${address}`;
}
