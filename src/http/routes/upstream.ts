import type { RequestHandler } from 'express';
import { runErrand } from '../admission.ts';
import type { HttpDeps } from '../deps.ts';
import type { Forward } from '../proxy.ts';
import { prepareUpstreamHeaders } from '../upstream-headers.ts';
import { parseUpstreamPath } from '../upstream-path.ts';

/** `ANY /upstream/<model>/<rest>`: everything goes through as it is, the body streamed and never looked at. */
export function passThrough(deps: HttpDeps, forward: Forward): RequestHandler {
  return async (req, res) => {
    const { destination, rest } = parseUpstreamPath(deps.config, req.url);
    res.locals['model'] = destination.model;
    if (rest === null) {
      // Without the slash, relative links in the upstream's pages would lead elsewhere.
      const [path = '', query] = req.originalUrl.split(/(?=\?)/);
      res.writeHead(req.method === 'GET' || req.method === 'HEAD' ? 301 : 308, { location: `${path}/${query ?? ''}` });
      res.end();
      return;
    }
    const hasBody = req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length'] ?? 0) > 0;
    req.url = rest;
    prepareUpstreamHeaders(req, hasBody ? null : 0);
    await runErrand({ req, res, destination, payload: hasBody ? null : { pieces: [] } }, deps, forward);
  };
}
