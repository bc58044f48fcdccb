import { forwardDirectly } from './direct.ts';
import type { Forward } from './flight.ts';

/**
 * Whole requests to models go over connections of our own, which costs a third less; http-proxy-middleware has all the
 * rest: streamed bodies, peers, TLS. It is loaded with the first of these.
 *
 * @param bodyIdleMs Silence after which a body that is streamed is given up.
 */
export function createForward(bodyIdleMs: number): Forward {
  let proxy: Promise<Forward> | null = null;
  return (req, res, upstream, payload, watch) => {
    const { connections } = upstream;
    if (payload !== null && connections !== null) {
      return forwardDirectly({ req, res, upstream, connections, payload, watch });
    }
    proxy ??= import('./proxy.ts').then(({ createProxy }) => createProxy(bodyIdleMs));
    return proxy.then((forward) => forward(req, res, upstream, payload, watch));
  };
}
