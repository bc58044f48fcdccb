import { isIP } from 'node:net';
import type { Options } from 'http-proxy-middleware';
import type { Upstream, UpstreamTarget } from '../../dispatch/lease.ts';

/** Points one request at one upstream: `options` is the copy of the proxy's options that is made for each request. */
export function pointAt(upstream: Upstream, options: Options): UpstreamTarget {
  const { target, agent } = upstream;
  options.agent = agent;
  // The Host header stays the client's; without this, TLS would ask the upstream for a certificate of that name.
  if (target.protocol === 'https:') options.ssl = { servername: isIP(target.host) === 0 ? target.host : '' };
  return target;
}
