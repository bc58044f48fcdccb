import type { Agent, ClientRequest, ClientRequestArgs, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { UpstreamTimeouts } from '../config/types.ts';
import { http, https } from '../node-http.ts';
import { announcedIdleMs, keepAliveIn, tcpKeepAliveMs } from './keep-alive.ts';
import { limitConnecting } from './limit-connecting.ts';
import { lookupUpstream } from './lookup.ts';
import { createPool, type Pool, type Pooled } from './pool.ts';
import type { Room } from './room.ts';

/** The connections of node's own client to one upstream. */
export interface UpstreamAgent extends Pick<Pool<Pooled>, 'dropFree' | 'close'> {
  readonly agent: Agent;
}

/** What node calls for each request of which this is the agent. It is in no type. */
interface Requestable {
  addRequest(request: ClientRequest, options: ClientRequestArgs): void;
}

interface ClientConnection extends Pooled {
  /** The request that it carries; null while it is free, and after an upgrade. */
  request: ClientRequest | null;
  isUpgraded: boolean;
}

/**
 * Node's own agent serves many servers: it names the server of every request, and copies all options to do so, which
 * costs a sixth of all that a request does. This one has one upstream, whose requests all have the same options, and leaves
 * to node's how to connect.
 *
 * INVARIANTS: those of `Pool`, and
 * - Bytes that nobody has asked for end a free connection: they could be taken for the answer to the next request.
 */
export function createUpstreamAgent(
  protocol: 'http:' | 'https:',
  timeouts: UpstreamTimeouts,
  room: Room,
): UpstreamAgent {
  const agent = protocol === 'https:' ? new (https().Agent)({ keepAlive: true }) : new http.Agent({ keepAlive: true });
  const pool = createPool<ClientConnection>(timeouts, room);
  /** Saves the next connection half of a TLS handshake. */
  let session: Buffer | undefined;

  function addRequest(request: ClientRequest, options: ClientRequestArgs): void {
    const free = pool.take();
    request.reusedSocket = free !== null;
    const connection = free ?? open(options);
    connection.request = request;
    request.onSocket(connection.socket);
  }

  function open(options: ClientRequestArgs): ClientConnection {
    // The path of a request would be taken for that of a Unix socket.
    const connectOptions = { ...options, path: null, lookup: lookupUpstream, session };
    const socket = agent.createConnection(connectOptions) as Socket;
    const connection: ClientConnection = {
      socket,
      request: null,
      isUpgraded: false,
      get isBusy() {
        return this.request !== null || this.isUpgraded;
      },
      idleSince: 0,
      idleMs: null,
    };
    const guard = (): void => {
      if (connection.request === null) socket.destroy();
    };
    socket
      .on('data', guard)
      .on('error', () => {})
      .on('free', () => freed(connection))
      .on('session', (given: Buffer) => void (session = given))
      .once('connect', () => socket.setNoDelay(true).setKeepAlive(true, tcpKeepAliveMs(timeouts)))
      .once('close', (hadError: boolean) => {
        if (hadError) session = undefined;
        pool.gone(connection, connection.isBusy && answerTo(connection.request)?.complete !== true);
      })
      .once('agentRemove', () => {
        socket.off('data', guard);
        connection.request = null;
        connection.isUpgraded = true;
      });
    limitConnecting(socket, timeouts);
    pool.add(connection);
    return connection;
  }

  /** Its request is over, or was given up before it had begun: then nothing new is known of the connection. */
  function freed(connection: ClientConnection): void {
    const { socket, request } = connection;
    const answer = answerTo(request);
    connection.request = null;
    // Otherwise it would keep all that this request was about in memory.
    (socket as { _httpMessage?: unknown })._httpMessage = null;
    if (answer === null || !socket.writable || request?.shouldKeepAlive !== true) {
      socket.destroy();
      return;
    }
    connection.idleMs = announcedIdleMs(keepAliveIn(answer.rawHeaders));
    pool.freed(connection);
  }

  return {
    agent: Object.assign(agent, { addRequest } satisfies Requestable),
    dropFree: pool.dropFree,
    close: pool.close,
  };
}

/** Where node's own agent looks for it too. */
function answerTo(request: (ClientRequest & { res?: IncomingMessage | null }) | null): IncomingMessage | null {
  return request?.res ?? null;
}
