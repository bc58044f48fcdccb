import type { ClientRequest } from 'node:http';
import { tooSlow } from './upstream-error.ts';

/**
 * Ends a request with an error when its answer, or its upgrade, does not begin in time. That counts from the moment the
 * whole request is out.
 *
 * @param limitMs 0 = no limit
 */
export function limitHeaders(proxyReq: ClientRequest, limitMs: number): void {
  if (limitMs === 0) return;
  let timer: NodeJS.Timeout | null = null;
  const start = (): void => {
    timer = setTimeout(() => void proxyReq.destroy(tooSlow()), limitMs);
  };
  const stop = (): void => {
    // An answer may begin before the request is out.
    proxyReq.off('finish', start);
    if (timer !== null) clearTimeout(timer);
  };
  proxyReq.once('finish', start).once('response', stop).once('upgrade', stop).once('close', stop);
}
