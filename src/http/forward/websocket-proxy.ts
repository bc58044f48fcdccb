import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { createProxyMiddleware } from 'http-proxy-middleware';
import type { Plugin } from 'http-proxy-middleware';
import type { Upstream } from '../../dispatch/lease.ts';
import type { GatewayError } from '../../errors.ts';
import { limitHeaders } from './header-deadline.ts';
import { pointAt } from './proxy-target.ts';
import { writeErrorToSocket } from '../errors/socket-error.ts';
import { upstreamError } from './upstream-error.ts';

/** A request for a WebSocket whose model is ready. */
interface Upgrade {
  readonly req: IncomingMessage;
  readonly socket: Socket;
  readonly upstream: Upstream;
  /** Called just before the sockets are joined: from then on their bytes are each other's. What was read is put back. */
  readonly beforeJoin: () => void;
  /** Puts an error into the words for this upstream. */
  readonly explain: (error: GatewayError) => GatewayError;
}

/**
 * Joins a client's socket to one of the upstream's. It resolves when the client's socket is closed, whatever happened:
 * the upgrade, an upstream that refused it with an answer of its own, an error (which the client has been told).
 */
export type ForwardUpgrade = (upgrade: Upgrade) => Promise<void>;

interface Flight extends Upgrade {
  opened: boolean;
}

type Flights = WeakMap<IncomingMessage, Flight>;

/** What httpxy is told that has come with the request: it would put that behind what has come since. */
const NOTHING = Buffer.alloc(0);

/**
 * INVARIANTS
 * - Once one of the two sockets is closed, so is the other.
 * - R18: when one side has ended and the other has not followed after `halfCloseMs`, both are cut. A half-closed socket
 *   would hold its model for ever.
 * - An error is written while the client's socket still takes it: httpxy ends the socket right after its event.
 */
export function createForwardUpgrade(halfCloseMs: number): ForwardUpgrade {
  const flights: Flights = new WeakMap();
  const middleware = createProxyMiddleware({
    router: (req, _res, options) => {
      const flight = flights.get(req);
      if (flight === undefined) throw new Error('an upgrade without an upstream');
      return pointAt(flight.upstream, options);
    },
    ejectPlugins: true,
    plugins: [joining(flights, halfCloseMs), failures(flights)],
  });
  return (upgrade) =>
    new Promise((resolve) => {
      const { req, socket } = upgrade;
      if (socket.destroyed) {
        resolve();
        return;
      }
      flights.set(req, { ...upgrade, opened: false });
      socket.once('close', () => resolve());
      middleware.upgrade(req, socket, NOTHING);
    });
}

function joining(flights: Flights, halfCloseMs: number): Plugin {
  return (server) => {
    server.on('proxyReqWs', (proxyReq, req, client) => {
      const flight = flights.get(req);
      // httpxy aborts its request when the client's socket fails, but not when it simply closes.
      client.once('close', () => proxyReq.destroy());
      if (flight !== undefined) limitHeaders(proxyReq, flight.upstream.responseHeaderMs);
      proxyReq.once('upgrade', (_answer, upstreamSocket: Socket) => {
        if (flight === undefined) return;
        flight.opened = true;
        flight.beforeJoin();
        flight.upstream.track(upstreamSocket);
        bind(client, upstreamSocket, halfCloseMs);
        bind(upstreamSocket, client, halfCloseMs);
      });
    });
  };
}

/** What becomes of `other` when `socket` ends, closes or fails. */
function bind(socket: Socket, other: Socket, halfCloseMs: number): void {
  socket.on('error', () => {});
  socket.once('close', () => other.destroy());
  socket.once('end', () => {
    const cut = setTimeout(() => {
      socket.destroy();
      other.destroy();
    }, halfCloseMs);
    socket.once('close', () => clearTimeout(cut));
  });
}

function failures(flights: Flights): Plugin {
  return (server) => {
    server.on('error', (error, req) => {
      const flight = req && flights.get(req);
      if (flight === undefined || flight.opened) return;
      writeErrorToSocket(flight.socket, flight.explain(upstreamError(error)), req?.headers.accept ?? '');
    });
    server.on('econnreset', () => {});
  };
}
