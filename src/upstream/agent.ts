import type { Agent as HttpAgent, IncomingMessage } from 'node:http';
import type { Agent as HttpsAgent } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { UpstreamTimeouts } from '../config/types.ts';
import { http, https } from '../node-http.ts';
import {
  announcedIdleMs,
  createIdleLimit,
  MOST_FREE,
  NOTICE_MS,
  type Room,
  tcpKeepAliveMs,
} from './free-connections.ts';
import { limitUntil } from './limit-until.ts';
import { lookupUpstream } from './lookup.ts';

/**
 * The connections of node's own client to one upstream.
 *
 * INVARIANTS
 * - Free ones keep to the rules of `free-connections.ts`.
 * - A connection in use has no idle limit: a model may think for as long as it likes.
 * - After `close` there is no connection, and none can be opened.
 */
export interface UpstreamAgent {
  readonly agent: HttpAgent | HttpsAgent;
  /** Ends every free connection. */
  dropFree(): void;
  /**
   * Ends every connection.
   *
   * @returns whether a request was cut off, now or within the last second: the server may not have noticed yet.
   */
  close(): boolean;
}

/** @param proxyEnv Where `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` are looked for; without it every connection is direct. */
export function createUpstreamAgent(
  protocol: 'http:' | 'https:',
  timeouts: UpstreamTimeouts,
  room: Room,
  proxyEnv?: NodeJS.ProcessEnv,
): UpstreamAgent {
  // No more than it must know: it copies all of them for each request.
  const options = {
    keepAlive: true,
    keepAliveMsecs: tcpKeepAliveMs(timeouts),
    ...(proxyEnv === undefined ? {} : { proxyEnv }),
  };
  const agent = protocol === 'https:' ? new (https().Agent)(options) : new http.Agent(options);
  agent.maxFreeSockets = MOST_FREE;
  const idleLimit = createIdleLimit(timeouts);
  const free = new WeakSet<Duplex>();
  let lastCutAt = -Infinity;
  let closed = false;

  // Its type says void; it answers whether the socket may be kept.
  const keepSocketAlive: (socket: Duplex) => unknown = agent.keepSocketAlive.bind(agent);
  agent.keepSocketAlive = (socket) => {
    const limitMs = idleLimit(announcedIdleMs(String(answerOn(socket)?.headers['keep-alive'] ?? '')));
    const keep = !closed && !room.isShort() && keepSocketAlive(socket) !== false && limitMs > 0;
    // The agent drops a free socket that times out, and leaves one in use alone.
    if (keep) {
      (socket as Socket).setTimeout(limitMs);
      free.add(socket);
    }
    return keep;
  };

  const reuseSocket = agent.reuseSocket.bind(agent);
  agent.reuseSocket = (socket, request) => {
    (socket as Socket).setTimeout(0);
    free.delete(socket);
    reuseSocket(socket, request);
  };

  const createConnection = agent.createConnection.bind(agent);
  agent.createConnection = (connectOptions, callback) => {
    const socket = createConnection({ ...connectOptions, lookup: lookupUpstream }, callback) as
      | Socket
      | null
      | undefined;
    if (closed) socket?.destroy(new Error('the upstream is being stopped'));
    else if (socket) limitConnecting(socket, timeouts);
    socket?.once('close', () => {
      if (!free.has(socket) && answerOn(socket)?.complete !== true) lastCutAt = performance.now();
    });
    if (socket) room.opened(socket);
    return socket;
  };

  return {
    agent,
    dropFree() {
      for (const idle of Object.values(agent.freeSockets).flatMap((sockets) => sockets ?? [])) idle.destroy();
    },
    close() {
      closed = true;
      const inUse = Object.values(agent.sockets).some((sockets) => sockets && sockets.length > 0);
      agent.destroy();
      return inUse || performance.now() - lastCutAt < NOTICE_MS;
    },
  };
}

/** The answer that a connection carries or carried last, where Node's own agent looks for it too. */
function answerOn(socket: Duplex): IncomingMessage | undefined {
  return (socket as { _httpMessage?: { res?: IncomingMessage } | null })._httpMessage?.res;
}

function limitConnecting(socket: Socket, { connectMs, tlsHandshakeMs }: UpstreamTimeouts): void {
  limitUntil(socket, 'connect', connectMs, 'connecting to the upstream timed out');
  if (!('encrypted' in socket)) return;
  socket.once('connect', () =>
    limitUntil(socket, 'secureConnect', tlsHandshakeMs, 'the TLS handshake with the upstream timed out'),
  );
}
