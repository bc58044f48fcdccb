import type { Socket } from 'node:net';
import type { Request, Response } from 'express';
import type { ModelId } from '../../../machines/shared/ids.ts';
import type { HttpLogger } from '../deps.ts';

/** Asked every few seconds by load balancers and dashboards; their lines would bury the others. */
const QUIET_PATHS = new Set(['/health', '/wol-health']);

/**
 * Writes one line when the request is over: method, path (never the query, which may hold a key), status, bytes on the
 * wire, milliseconds, model, request id. An answer that did not reach its end says so.
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
      return `${method} ${path} ${statusOf(res)} ${bytes}B ${ms}ms model=${model} id=${id}`;
    });
  });
}

/** The same for a WebSocket, which has no status that would say anything. */
export function logSocketWhenDone(url: string, socket: Socket, model: ModelId, id: string, logger: HttpLogger): void {
  const startedAt = performance.now();
  const bytesBefore = socket.bytesWritten;
  socket.once('close', () => {
    logger.info(() => {
      const ms = Math.round(performance.now() - startedAt);
      return `WEBSOCKET ${pathOf(url)} ${socket.bytesWritten - bytesBefore}B ${ms}ms model=${model} id=${id}`;
    });
  });
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
