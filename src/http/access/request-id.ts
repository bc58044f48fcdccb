import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { stamp } from '../messages.ts';

/** What may go into a log line and a header as it is. */
const SANE = /^[\w.:+/=@-]{1,128}$/;

/**
 * Takes the client's `x-request-id` if it is sane, else makes one; the client gets it back, the upstream gets it too.
 *
 * @returns The id.
 */
export function tagRequest(req: IncomingMessage, res: ServerResponse): string {
  const id = requestIdOf(req);
  req.headers['x-request-id'] = id;
  stamp(res, 'x-request-id', id);
  return id;
}

export function requestIdOf(req: IncomingMessage): string {
  const given = req.headers['x-request-id'];
  return typeof given === 'string' && SANE.test(given) ? given : randomUUID();
}
