import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { UpstreamTimeouts } from '../config/types.ts';
import { http, https } from '../node-http.ts';
import type { UpstreamAgent } from './agent.ts';
import { announcedIdleMs, createIdleLimit, keepAliveIn, tcpKeepAliveMs } from './keep-alive.ts';
import { limitConnecting } from './limit-connecting.ts';
import { MOST_FREE } from './pool.ts';
import type { Room } from './room.ts';

const VARIABLES = {
  'http:': ['http_proxy', 'HTTP_PROXY'],
  'https:': ['https_proxy', 'HTTPS_PROXY'],
} as const;

/** Whether the environment names a proxy for such upstreams; `NO_PROXY` may exempt one all the same. */
export function namesProxy(protocol: keyof typeof VARIABLES, env: NodeJS.ProcessEnv): boolean {
  return VARIABLES[protocol].some((name) => env[name]);
}

/**
 * The connections of node's own client to one upstream through the proxy that the environment names. Node's own agent
 * knows how to talk to one, so it keeps them.
 *
 * @param env where `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` are looked for
 */
export function createProxiedAgent(
  protocol: keyof typeof VARIABLES,
  timeouts: UpstreamTimeouts,
  room: Room,
  env: NodeJS.ProcessEnv,
): UpstreamAgent {
  const options = {
    keepAlive: true,
    keepAliveMsecs: tcpKeepAliveMs(timeouts),
    maxFreeSockets: MOST_FREE,
    proxyEnv: env,
  };
  const agent = protocol === 'https:' ? new (https().Agent)(options) : new http.Agent(options);
  const idleLimit = createIdleLimit(timeouts);
  let closed = false;

  // Its type says void; it answers whether the socket may be kept.
  const keepSocketAlive: (socket: Duplex) => unknown = agent.keepSocketAlive.bind(agent);
  agent.keepSocketAlive = (socket) => {
    const limitMs = idleLimit(announcedIdleMs(keepAliveIn(answerOn(socket)?.rawHeaders ?? [])));
    const keep = !closed && !room.isShort() && limitMs > 0 && keepSocketAlive(socket) !== false;
    // The agent drops a free socket that times out, and leaves one in use alone.
    if (keep) (socket as Socket).setTimeout(limitMs);
    return keep;
  };

  const createConnection = agent.createConnection.bind(agent);
  agent.createConnection = (connectOptions, callback) => {
    const socket = createConnection(connectOptions, callback) as Socket;
    limitConnecting(socket, timeouts);
    room.opened(socket);
    if (closed) socket.destroy(new Error('the upstream is being stopped'));
    return socket;
  };

  return {
    agent,
    dropFree() {
      for (const idle of Object.values(agent.freeSockets).flatMap((sockets) => sockets ?? [])) idle.destroy();
    },
    close() {
      closed = true;
      const isInUse = Object.values(agent.sockets).some((sockets) => sockets && sockets.length > 0);
      agent.destroy();
      return isInUse;
    },
  };
}

/** The answer that a connection has carried last, where node's own agent looks for it too. */
function answerOn(socket: Duplex): IncomingMessage | undefined {
  return (socket as { _httpMessage?: { res?: IncomingMessage } | null })._httpMessage?.res;
}
