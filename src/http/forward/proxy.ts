import type { ClientRequest, IncomingMessage } from 'node:http';
import { createProxyMiddleware } from 'http-proxy-middleware';
import type { Plugin } from 'http-proxy-middleware';
import { bufferShim } from './buffer-shim.ts';
import type { Forward } from './flight.ts';
import { ProxiedExchange } from './proxied-exchange.ts';
import { pointAt } from './proxy-target.ts';
import { relay } from './relay.ts';

/** A property and no WeakMap: one of those costs the collector of garbage more than all else here. */
const EXCHANGE = Symbol('the exchange that a request is in');

type Proxied = IncomingMessage & { [EXCHANGE]?: ProxiedExchange | undefined };

function exchangeOf(req: Proxied | undefined): ProxiedExchange | undefined {
  return req?.[EXCHANGE];
}

const events: Plugin = (server) => {
  server.on('proxyReq', (request: ClientRequest, req) => exchangeOf(req)?.departs(request));
  server.on('proxyRes', (answer, req) => exchangeOf(req)?.answered(answer));
  server.on('error', (error, req) => exchangeOf(req)?.failed(error));
  server.on('econnreset', (error, req) => exchangeOf(req)?.failed(error));
};

/**
 * One http-proxy-middleware for all upstreams; `router` points each request at its own. Its answers are relayed here, like
 * those on connections of our own: httpxy would set each header by itself, and pipe.
 *
 * INVARIANT: nothing here throws into an event handler of node: that would end the process.
 *
 * @param bodyIdleMs Silence after which a body that is streamed is given up.
 */
export function createProxy(bodyIdleMs: number): Forward {
  const middleware = createProxyMiddleware({
    selfHandleResponse: true,
    router: (req, _res, options) => {
      const exchange = exchangeOf(req);
      if (exchange === undefined) throw new Error('a request without an exchange');
      const { payload, upstream } = exchange.parts;
      if (payload !== null) options.buffer = bufferShim(payload.pieces);
      return pointAt(upstream, options);
    },
    // The default plugins build a URL per answer for a log nobody reads, and answer errors in words of their own.
    ejectPlugins: true,
    plugins: [events],
  });

  return async (req, res, upstream, payload, watch) => {
    const outcome = await relay({
      res,
      payload,
      watch,
      responseHeaderMs: upstream.responseHeaderMs,
      depart(to) {
        const exchange = new ProxiedExchange({ req, relay: to, upstream, payload, bodyIdleMs });
        (req as Proxied)[EXCHANGE] = exchange;
        void middleware(req, res, (error) => exchange.failed(error));
        return exchange;
      },
    });
    (req as Proxied)[EXCHANGE] = undefined;
    return outcome;
  };
}
