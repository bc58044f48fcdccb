import type { ClientRequest } from 'node:http';
import { http, https } from '../node-http.ts';
import type { LaunchSpec } from './model-registry.ts';
import { lookupUpstream } from '../upstream/lookup.ts';

export interface HealthAnswer {
  readonly healthy: boolean;
  /** There was no answer in time, good or bad. */
  readonly timedOut: boolean;
  /** The IP address that answered. */
  readonly address: string | null;
}

/** The rest of an answer is read so that the server sees a clean end, but not for longer than this. */
const BODY_TIMEOUT_MS = 1_000;

/** Asks once, on a connection of its own. Never rejects: whatever goes wrong is "not healthy". */
export function askHealth(spec: LaunchSpec, timeoutMs: number, signal: AbortSignal): Promise<HealthAnswer> {
  const { protocol, hostname, port, basePath } = spec.upstream;
  const ask = protocol === 'https:' ? https().request : http.request;
  return new Promise((resolve) => {
    const answer = (healthy: boolean, timedOut: boolean, address: string | null): void => {
      clearTimeout(timer);
      resolve({ healthy, timedOut, address });
    };
    const timer = setTimeout(() => {
      answer(false, true, null);
      request?.destroy();
    }, timeoutMs);

    let request: ClientRequest | null = null;
    try {
      request = ask({
        host: hostname,
        port,
        path: joinPath(basePath, spec.checkEndpoint ?? '/'),
        headers: { accept: '*/*' },
        agent: false,
        lookup: lookupUpstream,
        signal,
      });
    } catch {
      // A path that cannot be sent.
      answer(false, false, null);
      return;
    }
    request.once('response', (response) => {
      response.on('error', () => {});
      const limit = setTimeout(() => response.destroy(), BODY_TIMEOUT_MS);
      response.once('close', () => clearTimeout(limit));
      response.resume();
      answer(response.statusCode === 200, false, response.socket.remoteAddress ?? null);
    });
    request.on('error', () => answer(false, false, null));
    request.end();
  });
}

function joinPath(basePath: string, path: string): string {
  return basePath + (path.startsWith('/') ? path : `/${path}`);
}
