import { forwardDirectly } from './direct.ts';
import type { Forward } from './flight.ts';
import { createProxy } from './proxy.ts';

/**
 * Whole requests to models go over connections of our own, which costs less than half; http-proxy-middleware has all the
 * rest: streamed bodies, peers, TLS, answers that follow in a stream that has begun.
 */
export function createForward(): Forward {
  const proxy = createProxy();
  return (req, res, upstream, payload, watch) =>
    payload !== null && upstream.connections !== null && watch?.takeOver == null
      ? forwardDirectly({ req, res, upstream, connections: upstream.connections, payload, watch })
      : proxy(req, res, upstream, payload, watch);
}
