import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Upstream } from '../../dispatch/lease.ts';
import type { Connections } from '../../upstream/connections.ts';
import type { FlightWatch, Outcome, Payload } from './flight.ts';
import { relay } from './relay.ts';
import { upstreamError } from './upstream-error.ts';

/** One try to forward a request whose body is in memory. */
interface DirectErrand {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly upstream: Upstream;
  readonly connections: Connections;
  readonly payload: Payload;
  readonly watch: FlightWatch | null;
}

/** What neither a request line nor node's own client takes. */
const NOT_IN_A_PATH = /[^\u0021-\u00ff]/;

/** Sends a request over a connection of our own, and its answer to the client as it comes. Never rejects. */
export function forwardDirectly({ req, res, upstream, connections, payload, watch }: DirectErrand): Promise<Outcome> {
  const path = upstream.target.pathname + (req.url ?? '/');
  if (NOT_IN_A_PATH.test(path)) return Promise.resolve(upstreamError({ code: 'ERR_UNESCAPED_CHARACTERS' }));
  const { responseHeaderMs } = upstream;
  return relay({
    res,
    payload,
    watch,
    responseHeaderMs,
    depart(to) {
      to.leaves();
      const { method = 'POST', headers } = req;
      const request = { method, path, headers, body: payload.pieces };
      return connections.exchange(request, to, responseHeaderMs === 0 ? null : () => to.sent());
    },
  });
}
