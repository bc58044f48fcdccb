import type { IncomingMessage, ServerResponse } from 'node:http';
import { stripHopByHop } from './upstream-headers.ts';

/**
 * Makes the headers of an upstream's answer those of the gateway's, in place, and sees to it that they leave at once: a
 * client learns that its stream has begun before the first token is there.
 */
export function prepareAnswer(answer: IncomingMessage, res: ServerResponse): void {
  const { headers } = answer;
  const keepAlive = headers['keep-alive'];
  stripHopByHop(headers);
  // The client does not see it, but the agent reads it from here when it decides how long to keep the connection.
  if (keepAlive !== undefined) Object.defineProperty(headers, 'keep-alive', { value: keepAlive, enumerable: false });
  // How the body is framed is a matter between node and this client.
  delete headers['transfer-encoding'];
  headers.connection = res.shouldKeepAlive ? 'keep-alive' : 'close';
  // The id that the client sent or was given, not one of the upstream's own.
  delete headers['x-request-id'];
  if (headers['content-type']?.includes('text/event-stream') === true) headers['x-accel-buffering'] = 'no';
  // One turn later the headers are copied, and a body that came with them is written along: one packet, not two.
  setImmediate(() => {
    if (!res.headersSent && !res.destroyed && !res.writableEnded) res.flushHeaders();
  });
}
