import type { Socket } from 'node:net';
import type { UpstreamTimeouts } from '../config/types.ts';
import { limitUntil } from './limit-until.ts';

/** Ends a socket that is not connected in time, or, over TLS, does not agree with the other side in time. */
export function limitConnecting(socket: Socket, { connectMs, tlsHandshakeMs }: UpstreamTimeouts): void {
  limitUntil(socket, 'connect', connectMs, 'connecting to the upstream timed out');
  if (!('encrypted' in socket)) return;
  socket.once('connect', () =>
    limitUntil(socket, 'secureConnect', tlsHandshakeMs, 'the TLS handshake with the upstream timed out'),
  );
}
