import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { PeerConfig } from '../../config/types.ts';
import type { Destination, Upstream } from '../../dispatch/lease.ts';
import { GatewayError } from '../../errors.ts';
import { logSocketWhenDone } from '../access/access-log.ts';
import { DEFAULT_TIMES } from '../app.ts';
import { createIdentify } from '../access/auth.ts';
import type { Client } from '../access/client.ts';
import { originForm, plainPath } from '../access/plain-path.ts';
import { hasBody } from '../body/has-body.ts';
import type { HttpDeps } from '../deps.ts';
import { toGatewayError } from '../errors/error-response.ts';
import { createPassages, notReady } from '../deliver/passage.ts';
import { peerError } from '../deliver/peer-errand.ts';
import { requestIdOf } from '../access/request-id.ts';
import { cutAfterEnd, writeErrorToSocket } from '../errors/socket-error.ts';
import { prepareUpgradeHeaders } from './upstream-headers.ts';
import { watchIdleSocket } from './watch-idle-socket.ts';
import type { ForwardUpgrade } from './websocket-proxy.ts';

/** Whom a WebSocket is for. */
interface Way {
  readonly to: Destination | PeerConfig;
  /** The path for the upstream. */
  readonly rest: string;
}

interface Held {
  readonly upstream: Upstream;
  release(): void;
}

/**
 * WebSockets: `GET` with an upgrade of `/upstream/<model>/<rest>` or `/comfyui/<rest>`. A WebSocket starts its model and
 * holds it like any other request, until it is closed; unless the model ignores WebSockets, then it does neither.
 *
 * INVARIANTS
 * - A lease that was granted is released exactly once: when the client's socket is closed, or at once for a model that
 *   ignores WebSockets. Its upstream still ends the socket when it stops.
 * - Each socket is either joined to an upstream or gets an HTTP answer and is ended.
 */
export function attachUpgrade(server: Server, deps: HttpDeps): void {
  const { config, desk, peers, board, logger } = deps;
  const halfCloseMs = deps.times?.halfCloseMs ?? DEFAULT_TIMES.halfCloseMs;
  let forward: Promise<ForwardUpgrade> | null = null;
  const passages = createPassages(deps);
  const identify = createIdentify(deps);

  async function wayOf(url: string, client: Client | null): Promise<Way> {
    const [, prefix = '', rest = '/'] = /^\/(upstream|comfyui)(\/.*)$/s.exec(url) ?? [];
    if (prefix === 'comfyui') return { to: passages.comfyui(rest, client), rest };
    if (prefix === '') {
      throw new GatewayError('not_found', 'WebSockets are only possible below /upstream/ and /comfyui/.');
    }
    const way = await passages.upstream(rest, client);
    const to = way.found.kind === 'local' ? way.found.destination : config.peers.get(way.found.peer);
    if (to === undefined) throw new Error('a peer that is not in the configuration');
    return { to, rest: way.rest ?? '/' };
  }

  async function hold(to: Way['to'], gone: AbortSignal): Promise<Held> {
    if ('id' in to) return peers.acquire(to.id);
    const ignored = config.models.get(to.model)?.ignoresWebsockets === true;
    if (ignored && board.phaseOf(to.model) !== 'ready') throw notReady(to.model);
    const lease = await desk.acquire(to, gone);
    if (ignored) lease.release();
    return lease;
  }

  async function join(req: IncomingMessage, socket: Socket, head: Buffer): Promise<void> {
    const asked = originForm(req.url ?? '/');
    const url = plainPath(asked) ?? asked;
    const client = identify(req.headers);
    if (req.method !== 'GET') throw new GatewayError('method_not_allowed', 'A WebSocket is opened with GET.');
    // A body that is announced to the upstream and never sent would be taken from the next request on that connection.
    if (hasBody(req)) throw new GatewayError('bad_request', 'A WebSocket is opened without a body.');
    const { to, rest } = await wayOf(url, client);
    const peer = 'id' in to ? to : null;
    const id = requestIdOf(req);
    req.headers['x-request-id'] = id;
    if (config.logRequests) {
      logSocketWhenDone({ url, socket, model: 'id' in to ? to.id : to.model, client, id }, logger);
    }
    client?.hold(socket);
    prepareUpgradeHeaders(req, { auth: config.auth, peer });
    req.url = rest;

    const gone = new AbortController();
    socket.once('close', () => gone.abort());
    if (socket.destroyed) return;
    const beforeJoin = watchIdleSocket(socket, head);
    const held = await hold(to, gone.signal);
    try {
      const explain = (error: GatewayError): GatewayError => (peer === null ? error : peerError(peer.id, error));
      forward ??= import('./websocket-proxy.ts').then(({ createForwardUpgrade }) => createForwardUpgrade(halfCloseMs));
      await (
        await forward
      )({ req, socket, upstream: held.upstream, beforeJoin, explain });
    } finally {
      held.release();
    }
  }

  server.on('upgrade', (req: IncomingMessage, socket: Socket, head: Buffer) => {
    // Node has taken its own listeners off; without one, a reset would end the process.
    socket.on('error', () => {});
    cutAfterEnd(socket, halfCloseMs);
    join(req, socket, head).catch((thrown: unknown) => {
      const error = toGatewayError(thrown);
      if (error.code === 'internal_error') logger.error(`websocket: ${String(error.cause)}`);
      writeErrorToSocket(socket, error, req.headers.accept ?? '');
    });
  });
}
