import { Agent as HttpAgent, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { UpstreamTimeouts } from '../config/types.ts';
import { lookupUpstream } from './lookup.ts';

/**
 * The connections to one incarnation of a model.
 *
 * INVARIANTS
 * - A free connection is dropped before the server would close it: a request sent into a closing connection is lost.
 * - A connection in use has no idle limit: a model may think for as long as it likes.
 * - A free connection never keeps a request waiting. Some servers have a thread for each connection, and an idle one
 *   holds its thread too: a burst of requests to llama-server could leave the last ones waiting until it gives up the
 *   connections of the first.
 * - After `close` there is no connection, and none can be opened.
 */
export interface UpstreamAgent {
  readonly agent: HttpAgent | HttpsAgent;
  /**
   * Ends every connection.
   *
   * @returns whether a request was cut off, now or within the last second: the server may not have noticed yet.
   */
  close(): boolean;
}

/** llama-server, uvicorn and Node close after 5 s; a server that waits longer loses nothing by this. */
const DEFAULT_IDLE_MS = 4_000;
/** How long before the announced end a connection is given up. */
const MARGIN_MS = 1_000;
/** A new connection that has heard nothing for this long may be waiting for the free ones. */
const MAKE_ROOM_MS = 50;
const MAX_FREE_SOCKETS = 1_024;
const TCP_KEEP_ALIVE_MS = 30_000;
/** How long a llama-server may take to notice that a client is gone. */
const NOTICE_MS = 1_000;

/** @param proxyEnv Where `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` are looked for; without it every connection is direct. */
export function createUpstreamAgent(
  protocol: 'http:' | 'https:',
  timeouts: UpstreamTimeouts,
  proxyEnv?: NodeJS.ProcessEnv,
): UpstreamAgent {
  const options = {
    keepAlive: true,
    keepAliveMsecs: timeouts.keepAliveMs || TCP_KEEP_ALIVE_MS,
    maxSockets: Infinity,
    maxFreeSockets: MAX_FREE_SOCKETS,
    scheduling: 'lifo',
    lookup: lookupUpstream,
    proxyEnv,
  } as const;
  const agent = protocol === 'https:' ? new HttpsAgent(options) : new HttpAgent(options);
  const idleMs = Math.min(DEFAULT_IDLE_MS, timeouts.idleConnectionMs || DEFAULT_IDLE_MS);
  const free = new WeakSet<Duplex>();
  let lastCutAt = -Infinity;
  const unanswered = new Set<Socket>();
  let closed = false;

  // Its type says void; it answers whether the socket may be kept.
  const keepSocketAlive: (socket: Duplex) => unknown = agent.keepSocketAlive.bind(agent);
  agent.keepSocketAlive = (socket) => {
    const hintMs = announcedIdleMs(socket);
    const limitMs = hintMs === null ? idleMs : Math.min(idleMs, hintMs - MARGIN_MS);
    const keep = !closed && !hasWaiting(unanswered) && keepSocketAlive(socket) !== false && limitMs > 0;
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
    const socket = createConnection(connectOptions, callback) as Socket | null | undefined;
    if (closed) socket?.destroy(new Error('the upstream is being stopped'));
    else if (socket) limitConnecting(socket, timeouts);
    socket?.once('close', () => {
      if (!free.has(socket) && answerOn(socket)?.complete !== true) lastCutAt = performance.now();
    });
    if (socket) makeRoomFor(socket);
    return socket;
  };

  function makeRoomFor(socket: Socket): void {
    const timer = setTimeout(() => {
      if (socket.bytesRead > 0) return;
      unanswered.add(socket);
      for (const idle of Object.values(agent.freeSockets).flatMap((sockets) => sockets ?? [])) idle.destroy();
    }, MAKE_ROOM_MS);
    socket.once('close', () => {
      clearTimeout(timer);
      unanswered.delete(socket);
    });
  }

  return {
    agent,
    close() {
      closed = true;
      const inUse = Object.values(agent.sockets).some((sockets) => sockets && sockets.length > 0);
      agent.destroy();
      return inUse || performance.now() - lastCutAt < NOTICE_MS;
    },
  };
}

/** Whether one of them still waits for its first byte; those that got it are taken out. */
function hasWaiting(unanswered: Set<Socket>): boolean {
  for (const socket of unanswered) {
    if (socket.bytesRead === 0) return true;
    unanswered.delete(socket);
  }
  return false;
}

/** The `timeout` of the last answer's `Keep-Alive` header, in ms. */
function announcedIdleMs(socket: Duplex): number | null {
  const seconds = /(?:^|[\s,])timeout=(\d+)/.exec(String(answerOn(socket)?.headers['keep-alive'] ?? ''))?.[1];
  return seconds === undefined ? null : Number(seconds) * 1_000;
}

/** The answer that a connection carries or carried last, where Node's own agent looks for it too. */
function answerOn(socket: Duplex): IncomingMessage | undefined {
  return (socket as { _httpMessage?: { res?: IncomingMessage } | null })._httpMessage?.res;
}

function limitConnecting(socket: Socket, { connectMs, tlsHandshakeMs }: UpstreamTimeouts): void {
  limitUntil(socket, 'connect', connectMs, 'connecting to the upstream timed out');
  if (!(socket instanceof TLSSocket)) return;
  socket.once('connect', () =>
    limitUntil(socket, 'secureConnect', tlsHandshakeMs, 'the TLS handshake with the upstream timed out'),
  );
}

/** @param limitMs 0 = no limit */
function limitUntil(socket: Socket, event: string, limitMs: number, message: string): void {
  if (limitMs === 0) return;
  const timer = setTimeout(
    () => void socket.destroy(Object.assign(new Error(message), { code: 'ETIMEDOUT' })),
    limitMs,
  );
  const stop = (): void => clearTimeout(timer);
  socket.once(event, stop);
  socket.once('close', stop);
}
