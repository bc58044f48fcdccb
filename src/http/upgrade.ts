import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import { GatewayError } from '../errors.ts';
import { logSocketWhenDone } from './access-log.ts';
import { DEFAULT_TIMES } from './app.ts';
import type { HttpDeps } from './deps.ts';
import { toGatewayError } from './error-response.ts';
import { requestIdOf } from './request-id.ts';
import { cutAfterEnd, writeErrorToSocket } from './socket-error.ts';
import { prepareUpgradeHeaders } from './upstream-headers.ts';
import { parseUpstreamPath } from './upstream-path.ts';
import { watchIdleSocket } from './watch-idle-socket.ts';
import { createForwardUpgrade } from './websocket-proxy.ts';

const PREFIX = '/upstream/';

/**
 * WebSockets: `GET /upstream/<model>/<rest>` with an upgrade. A WebSocket starts its model and holds it like any other
 * request, until it is closed.
 *
 * INVARIANTS
 * - A lease that was granted is released exactly once, when the client's socket is closed.
 * - Each socket is either joined to an upstream or gets an HTTP answer and is ended.
 */
export function attachUpgrade(server: Server, deps: HttpDeps): void {
  const { config, desk, logger } = deps;
  const halfCloseMs = deps.times?.halfCloseMs ?? DEFAULT_TIMES.halfCloseMs;
  const forward = createForwardUpgrade(halfCloseMs);

  async function join(req: IncomingMessage, socket: Socket, head: Buffer): Promise<void> {
    const url = req.url ?? '/';
    if (!url.startsWith(PREFIX)) throw new GatewayError('not_found', 'WebSockets are only possible below /upstream/.');
    if (req.method !== 'GET') throw new GatewayError('method_not_allowed', 'A WebSocket is opened with GET.');
    const { destination, rest } = parseUpstreamPath(config, url.slice(PREFIX.length - 1));
    const id = requestIdOf(req);
    req.headers['x-request-id'] = id;
    if (config.logRequests) logSocketWhenDone(url, socket, destination.model, id, logger);
    prepareUpgradeHeaders(req);
    req.url = rest ?? '/';

    const gone = new AbortController();
    socket.once('close', () => gone.abort());
    if (socket.destroyed) return;
    const beforeJoin = watchIdleSocket(socket);
    const lease = await desk.acquire(destination, gone.signal);
    try {
      await forward({ req, socket, head, upstream: lease.upstream, beforeJoin });
    } finally {
      lease.release();
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
