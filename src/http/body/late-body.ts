import type { IncomingMessage } from 'node:http';
import { GatewayError } from '../../errors.ts';

/** How long a client that is refused may go on sending, so that it gets to read the answer. */
const LINGER_MS = 2000;

/**
 * Lets the rest of a body that nobody wants flow into nothing for a moment, then cuts the connection. Cutting at once
 * would reset it, and the client would see that instead of the answer.
 */
export function discardRest(req: IncomingMessage): void {
  if (req.destroyed) return;
  const { socket } = req;
  const cut = setTimeout(() => socket.destroy(), LINGER_MS);
  cut.unref();
  req.once('close', () => clearTimeout(cut));
  req.once('end', () => clearTimeout(cut));
  req.resume();
}

/** For a body that its client does not send in time. */
export function lateBody(): GatewayError {
  return new GatewayError('request_timeout', 'The request body did not arrive in time.');
}
