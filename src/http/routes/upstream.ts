import type { Request, RequestHandler, Response } from 'express';
import type { Destination } from '../../dispatch/lease.ts';
import { clientOf } from '../access/client.ts';
import { runErrand } from '../deliver/admission.ts';
import type { HttpDeps } from '../deps.ts';
import { hasBody } from '../body/has-body.ts';
import { createPassages } from '../deliver/passage.ts';
import { passToPeer } from '../deliver/pass-to-peer.ts';
import type { Forward, Payload } from '../forward/flight.ts';
import type { BodyLimits } from '../body/read-body.ts';
import { redirect } from '../send.ts';
import { prepareUpstreamHeaders } from '../forward/upstream-headers.ts';

/** `ANY /upstream/<model>/<rest>`: everything goes through as it is, the body streamed and never looked at. */
export function passThrough(deps: HttpDeps, forward: Forward, limits: BodyLimits): RequestHandler {
  const passages = createPassages(deps);
  return async (req, res) => {
    const client = clientOf(res);
    const way = await passages.upstream(req.url, client);
    // Who has left while the name was looked for must not be watched: the end of it would never be heard of.
    if (res.closed || res.destroyed) return;
    // Without the slash, relative links in the upstream's pages would lead elsewhere.
    if (way.rest === null) {
      redirectForGood(req, res, `/upstream${way.home}`);
      return;
    }
    deps.watch.begin(req, res, way.rest, way.name);
    client?.hold(res);
    if (way.found.kind === 'local') await passOn(deps, forward, req, res, way.found.destination, way.rest);
    else {
      res.locals['model'] = way.name;
      await passToPeer({ req, res, name: way.name, found: way.found, rest: way.rest }, deps, forward, limits);
    }
  };
}

/** `ANY /comfyui/<rest>`: the same for one certain model. */
export function passToComfyui(deps: HttpDeps, forward: Forward): RequestHandler {
  const passages = createPassages(deps);
  return async (req, res) => {
    const [, query = ''] = req.originalUrl.split(/(?=\?)/);
    if (req.originalUrl.length === '/comfyui'.length + query.length) {
      redirectForGood(req, res, `/comfyui/${query}`);
      return;
    }
    const client = clientOf(res);
    const destination = passages.comfyui(req.url, client);
    client?.hold(res);
    await passOn(deps, forward, req, res, destination, req.url);
  };
}

async function passOn(
  deps: HttpDeps,
  forward: Forward,
  req: Request,
  res: Response,
  destination: Destination,
  rest: string,
): Promise<void> {
  res.locals['model'] = destination.model;
  const streamed = hasBody(req);
  const payload: Payload | null = streamed ? null : { pieces: [] };
  req.url = rest;
  prepareUpstreamHeaders(req, streamed ? null : 0, { auth: deps.config.auth, peer: null });
  await runErrand({ req, res, destination, payload }, deps, forward);
}

/** Everything but GET keeps its method and body. */
function redirectForGood({ method }: Request, res: Response, location: string): void {
  redirect(res, method === 'GET' || method === 'HEAD' ? 301 : 308, location);
}
