import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { AuthConfig, PeerConfig, UpstreamConfig } from '../../config/types.ts';
import { HOP_BY_HOP, namedByConnection } from './hop-by-hop.ts';

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
 * Gives a request the headers that the upstream is to get (httpxy takes them from there). Call it once per request, before
 * the first try.
 *
 * @param bodyBytes Length of the body in memory, or null when it is streamed on as it comes.
 */
export function prepareUpstreamHeaders(req: IncomingMessage, bodyBytes: number | null, addressee: Addressee): void {
  const theirs = req.headers;
  const ours = headersFor(req, addressee);
  if (theirs['te'] !== undefined && /\btrailers\b/i.test(String(theirs['te']))) ours['te'] = 'trailers';
  if (bodyBytes !== null) {
    if (ours['transfer-encoding'] !== undefined) delete ours['transfer-encoding'];
    if (bodyBytes > 0 || hasBodyByDefault(req)) ours['content-length'] = String(bodyBytes);
    else delete ours['content-length'];
  } else if (ours['transfer-encoding'] !== undefined && hasBodyByDefault(req)) {
    // httpxy gives up the upstream connection after a request that carries this header; node sets it again itself.
    delete ours['transfer-encoding'];
  }
  req.headers = ours;
}

/** Headers of a request for a WebSocket, which has no body: the upgrade is the one hop-by-hop header that goes on. */
export function prepareUpgradeHeaders(req: IncomingMessage, addressee: Addressee): void {
  req.headers = { ...headersFor(req, addressee), connection: 'Upgrade', upgrade: 'websocket' };
}

/**
 * What a client's headers say of its request, and who asks. This is also the one place where a key for the gateway itself
 * leaves the request: as long as the gateway asks for none, `authorization` and `x-api-key` are meant for the upstream and
 * go on. An expectation is the server's to answer, too; passed on, it would keep httpxy from telling about its request.
 *
 * Copied and not deleted from: V8 looks up every name of an object that something was deleted from.
 */
function headersFor(req: IncomingMessage, { auth, peer }: Addressee): IncomingHttpHeaders {
  const theirs = req.headers;
  const named = namedByConnection(theirs.connection ?? '');
  const ours: IncomingHttpHeaders = {};
  for (const name of Object.keys(theirs)) {
    if (HOP_BY_HOP.has(name) || name === 'expect' || named.includes(name)) continue;
    if (auth.keys.length > 0 && (name === 'authorization' || name === 'x-api-key')) continue;
    if (peer !== null && FORWARDED.test(name)) continue;
    ours[name] = theirs[name];
  }
  if (peer === null) identifyClient(req, ours);
  else {
    ours.host = hostOf(peer.upstream);
    if (peer.apiKey !== null) {
      ours.authorization = `Bearer ${peer.apiKey}`;
      ours['x-api-key'] = peer.apiKey;
    }
  }
  return ours;
}

function identifyClient(req: IncomingMessage, headers: IncomingHttpHeaders): void {
  const { remoteAddress } = req.socket;
  if (remoteAddress === undefined) return;
  const address = remoteAddress.startsWith('::ffff:') ? remoteAddress.slice('::ffff:'.length) : remoteAddress;
  const before = headers['x-forwarded-for'];
  headers['x-forwarded-for'] = before === undefined ? address : `${String(before)}, ${address}`;
}

/** As a `Host` header has it: without the usual port. */
function hostOf({ protocol, hostname, port }: UpstreamConfig): string {
  const host = hostname.includes(':') ? `[${hostname}]` : hostname;
  return port === (protocol === 'https:' ? 443 : 80) ? host : `${host}:${port}`;
}
