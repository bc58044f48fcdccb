import type { IncomingMessage, Server, ServerOptions, ServerResponse } from 'node:http';
import type { Server as SecureServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Request, Response } from 'express';
import { GatewayError } from '../errors.ts';
import { http, https } from '../node-http.ts';
import type { TlsMaterial } from '../tls-files.ts';
import { isPassage, originForm, plainPath } from './access/plain-path.ts';
import { createApp } from './app.ts';
import type { HttpDeps } from './deps.ts';
import { writeErrorToSocket } from './errors/socket-error.ts';
import { createMessages, type Messages } from './messages.ts';
import { attachUpgrade } from './forward/upgrade.ts';

/**
 * Limits of the listening server. A request must be *received* in time; how long its answer takes is nobody's business.
 */
const serverOptions: ServerOptions = {
  // A client that sends its headers byte by byte is cut off.
  headersTimeout: 30_000,
  // Node's clock for the whole request also runs while a body waits for its model to load. Those of `body/` are better.
  requestTimeout: 0,
  connectionsCheckingInterval: 5_000,
  maxHeaderSize: 64 * 1024,
  keepAliveTimeout: 75_000,
  noDelay: true,
  // A client that vanishes without a word must not keep its model for ever.
  keepAlive: true,
  keepAliveInitialDelay: 30_000,
  // Anything else that asks for an upgrade (curl --http2 does) is an ordinary request.
  shouldUpgradeCallback: (req) => /^websocket$/i.test(req.headers.upgrade ?? ''),
};

/** Those of each server, which outlive the apps that answer one after the other. */
const MESSAGES = new WeakMap<Server, Messages>();

/** Whoever connects must have finished the handshake by then. */
const HANDSHAKE_TIMEOUT_MS = 10_000;

/**
 * A server with everything: the app, WebSockets, and answers to what is not even HTTP. It does not listen yet.
 *
 * @param tls Makes it a server for HTTPS; HTTP/1.1 within.
 */
export function createHttpServer(deps: HttpDeps, options: ServerOptions = {}, tls: TlsMaterial | null = null): Server {
  const messages = createMessages();
  const settings = { ...serverOptions, ...messages, ...options };
  const server =
    tls === null
      ? http.createServer(settings)
      : https().createServer({ ...settings, ...tls, handshakeTimeout: HANDSHAKE_TIMEOUT_MS });
  server.on('clientError', answerClientError);
  // Without a handshake there is nothing to answer on, and an answer would wait for it for ever.
  server.on('tlsClientError', (_error: Error, socket: Duplex) => void socket.destroy());
  MESSAGES.set(server, messages);
  serveWith(server, deps);
  return server;
}

/**
 * From here on requests are answered by an app made for these dependencies; those under way are finished by the one
 * they began with. For the first time, and again when the configuration has changed.
 */
export function serveWith(server: Server, deps: HttpDeps): void {
  const { maxBodyBytes } = deps.config.server;
  const app = createApp(deps);
  MESSAGES.get(server)?.serve(app);
  const answer = (req: IncomingMessage, res: ServerResponse): void => {
    // Here and not in the app: express remembers the form in which a URL came.
    req.url = originForm(req.url ?? '/');
    if (res.socket === null) endWith(req.socket, res);
    // Nobody comes to the end of the app without an answer but by a bug. Express has a page for that, at a price for all.
    app(req as Request, res as Response, () => void res.destroy());
  };
  server.removeAllListeners('request').removeAllListeners('checkContinue').removeAllListeners('upgrade');
  server.on('request', answer);
  // Without this listener node invites every body, however large it is announced. Streamed ones have no limit.
  server.on('checkContinue', (req, res) => {
    const isStreamed = isPassage(plainPath(originForm(req.url ?? '/')) ?? '/');
    if (isStreamed || Number(req.headers['content-length'] ?? 0) <= maxBodyBytes) res.writeContinue();
    answer(req, res);
  });
  attachUpgrade(server, deps);
}

/**
 * Ends a response whose turn on its connection has not come, when that closes. Node does so, too, unless it has handed the
 * connection over meanwhile, for a WebSocket or because of a CONNECT: then whoever waits or is served for that response
 * would never hear of it, and never give a lease back.
 */
function endWith(socket: Socket, res: ServerResponse): void {
  const end = (): void => void res.destroy();
  // As many as there are requests on the way.
  socket.setMaxListeners(0).once('close', end);
  res.once('close', () => socket.off('close', end));
}

/** Connections from here on are made with this; those that there are stay as they are. */
export function renewTls(server: Server, tls: TlsMaterial): void {
  if ('setSecureContext' in server) (server as SecureServer).setSecureContext(tls);
}

/** Node could not read a request: there is a socket, and nothing else to answer on. */
function answerClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable || (socket as Socket).bytesWritten > 0) {
    socket.destroy();
    return;
  }
  writeErrorToSocket(socket, unreadable(error.code), '');
}

function unreadable(code: string | undefined): GatewayError {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new GatewayError('headers_too_large', 'The headers of the request are too large.');
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new GatewayError('request_timeout', 'The request did not arrive in time.');
    default:
      return new GatewayError('bad_request', 'This is not an HTTP request that can be understood.');
  }
}
