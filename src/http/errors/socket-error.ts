import type { Duplex } from 'node:stream';
import type { GatewayError } from '../../errors.ts';
import { http } from '../../node-http.ts';
import { renderError } from './error-response.ts';

/** How long a client may take to end its side after an error. */
const LINGER_MS = 2000;

/** Writes an error as a plain HTTP answer where there is no response object, and ends the connection. */
export function writeErrorToSocket(socket: Duplex, error: GatewayError, accept: string): void {
  if (!socket.writable) return;
  const { status, headers, body } = renderError(error, accept);
  const lines = [
    `HTTP/1.1 ${status} ${http.STATUS_CODES[status] ?? ''}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  cutAfterEnd(socket, LINGER_MS);
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`);
}

/**
 * Cuts a socket when our side has ended and the other does not follow. Node leaves the sockets of its server half-open,
 * and closes none that it has handed over, not even when the server closes.
 */
export function cutAfterEnd(socket: Duplex, lingerMs: number): void {
  socket.once('finish', () => {
    const cut = setTimeout(() => socket.destroy(), lingerMs).unref();
    socket.once('close', () => clearTimeout(cut));
  });
}
