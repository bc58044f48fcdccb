import type { IncomingMessage } from 'node:http';

/** The client's address: what the first proxy in front of the gateway says it is, else the socket's. */
export function clientAddress({ headers, socket }: IncomingMessage): string {
  const forwarded = headers['x-forwarded-for'];
  const real = headers['x-real-ip'];
  const said = forwarded === undefined ? '' : (String(forwarded).split(',', 1)[0]?.trim() ?? '');
  return said || (real === undefined ? '' : String(real).trim()) || plain(socket.remoteAddress ?? '');
}

/** An IPv4 address in the form that IPv6 has for it is shown as what it is. */
function plain(address: string): string {
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
}
