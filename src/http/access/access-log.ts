import type { Socket } from 'node:net';
import type { Request, Response } from 'express';
import type { ModelId } from '../../../machines/shared/ids.ts';
import type { HttpLogger } from '../needs.ts';
import { clientOf } from './client.ts';
import type { Client } from './client.ts';

/** Asked every few seconds by load balancers and dashboards; their lines would bury the others. */
const QUIET_PATHS = new Set(['/health', '/wol-health']);

/**
 * Writes one line when the request is over: method, path (never the query, which may hold a key), status, bytes on the
 * wire, milliseconds, model, the name of the key if it has one, request id. An answer that did not reach its end says so.
 */
export function logWhenDone(req: Request, res: Response, id: string, logger: HttpLogger): void {
  const path = pathOf(req.url);
  if (QUIET_PATHS.has(path)) return;
  const { method, socket } = req;
  const startedAt = performance.now();
  const bytesBefore = socket.bytesWritten;
  res.once('close', () => {
    logger.info(() => {
      const ms = Math.round(performance.now() - startedAt);
      const bytes = socket.bytesWritten - bytesBefore;
      const model = (res.locals['model'] as string | undefined) ?? '-';
      return `${method} ${path} ${statusOf(res)} ${bytes}B ${ms}ms model=${model}${keyOf(clientOf(res))} id=${id}`;
    });
  });
}

interface LoggedSocket {
  readonly url: string;
  readonly socket: Socket;
  readonly model: ModelId;
  readonly client: Client | null;
  readonly id: string;
}

/** The same for a WebSocket, which has no status that would say anything. */
export function logSocketWhenDone({ url, socket, model, client, id }: LoggedSocket, logger: HttpLogger): void {
  const startedAt = performance.now();
  const bytesBefore = socket.bytesWritten;
  socket.once('close', () => {
    logger.info(() => {
      const ms = Math.round(performance.now() - startedAt);
      const bytes = socket.bytesWritten - bytesBefore;
      return `WEBSOCKET ${pathOf(url)} ${bytes}B ${ms}ms model=${model}${keyOf(client)} id=${id}`;
    });
  });
}

function keyOf(client: Client | null): string {
  return client === null || client.name === null ? '' : ` key=${client.name}`;
}

/** 499 when the client left before its answer began; `cut` when the answer was broken off, by either side. */
function statusOf(res: Response): string {
  if (res.writableFinished) return String(res.statusCode);
  return res.headersSent ? `${res.statusCode} cut` : '499';
}

function pathOf(url: string): string {
  const query = url.indexOf('?');
  return query === -1 ? url : url.slice(0, query);
}
