import type { RequestHandler } from 'express';
import type { HttpDeps } from '../deps.ts';

/**
 * `GET /api/events`: what is and what happens, as server-sent events. With `?deltas` a change of one model is one model
 * and not all of them. A client that comes back with `Last-Event-ID` gets what it missed.
 */
export function streamEvents({ events, closing }: HttpDeps, heartbeatMs: number): RequestHandler {
  return (req, res) => {
    res.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache',
      connection: 'keep-alive',
      'x-content-type-options': 'nosniff',
      'x-accel-buffering': 'no',
    });
    res.flushHeaders();
    const end = (): void => void res.end();
    if (req.method === 'HEAD' || closing?.aborted === true || res.destroyed) {
      end();
      return;
    }
    closing?.addEventListener('abort', end, { once: true });
    const heartbeat = setInterval(() => {
      // One that does not read stays for a while after its end.
      if (!res.writableEnded) res.write(': still here\n\n');
    }, heartbeatMs);
    res.once('close', () => {
      clearInterval(heartbeat);
      closing?.removeEventListener('abort', end);
    });
    events.attach(res, req.headers['last-event-id']?.toString(), req.query['deltas'] !== undefined);
  };
}
