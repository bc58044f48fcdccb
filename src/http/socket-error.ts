import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { GatewayError } from '../errors.ts';
import { renderError } from './error-response.ts';

/** Writes an error as a plain HTTP answer where there is no response object, and ends the connection. */
export function writeErrorToSocket(socket: Duplex, error: GatewayError, accept: string): void {
  if (!socket.writable) return;
  const { status, headers, body } = renderError(error, accept);
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`);
}
