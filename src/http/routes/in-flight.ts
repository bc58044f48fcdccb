import type { RequestHandler } from 'express';
import { GatewayError } from '../../errors.ts';
import type { HttpDeps } from '../deps.ts';
import { sendJson } from '../send.ts';
import { cancelTrip } from '../watch/trip.ts';

/** `POST /api/inflight/{id}/cancel`: ends one request, wherever it stands. */
export function cancelInFlight({ observation: { inFlight } }: HttpDeps): RequestHandler {
  return (req, res) => {
    const trip = inFlight.get(String(req.params['id'] ?? ''));
    if (trip === undefined) throw new GatewayError('not_found', 'There is no such request in flight.');
    cancelTrip(trip);
    sendJson(res, { msg: 'ok' });
  };
}

/** `GET /api/queue`: who waits for what, in the order of service. Times in milliseconds. */
export function showQueue({ observation: { waiting, loads }, board }: HttpDeps): RequestHandler {
  return (_req, res) => {
    const queue = waiting.lines().map(({ model, waiting: count, oldestMs }) => ({
      model,
      phase: board.phaseOf(model),
      waiting: count,
      oldest_ms: Math.round(oldestMs),
      // Its own load only: how long the answers in its way take, nobody knows.
      estimated_load_ms: loads.measuredMs(model),
    }));
    sendJson(res, { queue });
  };
}
