import type { IncomingMessage } from 'node:http';

/** The client's address: what the first proxy in front of the gateway says it is, else the socket's. */
export function clientAddress({ headers, socket }: IncomingMessage): string {
  const forwarded = String(headers['x-forwarded-for'] ?? '')
    .split(',', 1)[0]
    ?.trim();
  const real = String(headers['x-real-ip'] ?? '').trim();
  return forwarded || real || (socket.remoteAddress?.replace(/^::ffff:/, '') ?? '');
}
