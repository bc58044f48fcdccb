import type { RequestHandler } from 'express';
import type { Deliver } from '../deliver/deliver.ts';
import { locateModel, locateModelInQuery } from '../body/locate-model.ts';
import { readBody } from '../body/read-body.ts';
import type { BodyLimits } from '../body/read-body.ts';

/** Body → model → lease → upstream. */
export function inference(deliver: Deliver, limits: BodyLimits): RequestHandler {
  return async (req, res) => {
    const body = await readBody(req, limits);
    const located = locateModel(req.url, req.headers['content-type'] ?? '', body);
    return deliver({ req, res, located, payload: { pieces: [], source: body } });
  };
}

/** Query → model → lease → upstream. */
export function modelQuery(deliver: Deliver, limits: BodyLimits): RequestHandler {
  return async (req, res) => {
    const located = locateModelInQuery(req.url);
    const body = await readBody(req, limits);
    return deliver({ req, res, located, payload: { pieces: [], source: body } });
  };
}
