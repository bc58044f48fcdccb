import type { RequestHandler } from 'express';
import type { HttpDeps } from '../deps.ts';
import { beginEndless } from '../endless.ts';
import { sendJson } from '../send.ts';

/** `GET /api/actors`: every actor with its state, and the machines they run. */
export function listActors({ board, machines }: HttpDeps): RequestHandler {
  return (_req, res) => sendJson(res, { actors: board.actors(), machines: machines() });
}

/** `GET /api/actors/stream`: transitions as server-sent events, those that are still known first. */
export function streamActors({ journal, closing }: HttpDeps, heartbeatMs: number): RequestHandler {
  return (req, res) => {
    const answer = beginEndless(
      req,
      res,
      'text/event-stream; charset=utf-8',
      (bytes) => `: ${bytes} bytes of transitions dropped\n\n`,
      closing,
    );
    const send = (transition: unknown): void =>
      answer.write(`event: transition\ndata: ${JSON.stringify(transition)}\n\n`);
    if (req.query['no-history'] === undefined) for (const transition of journal.history()) send(transition);
    const unsubscribe = journal.subscribe(send);
    const heartbeat = setInterval(() => answer.write(': still here\n\n'), heartbeatMs);
    answer.onOver(() => {
      clearInterval(heartbeat);
      unsubscribe();
    });
  };
}
