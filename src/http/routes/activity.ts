import type { Request, RequestHandler } from 'express';
import { parseActivityQuery } from '../../activity/parse-query.ts';
import { GatewayError } from '../../errors.ts';
import type { HttpDeps } from '../deps.ts';
import { sendJson } from '../send.ts';

/** `GET /api/metrics/activity`: finished requests, a page at a time, filtered and sorted as the query says. */
export function listActivity({ observation: { activity } }: HttpDeps): RequestHandler {
  return async (req, res) => {
    const { query, problems } = parseActivityQuery(paramsOf(req));
    if (query === null) throw new GatewayError('bad_request', `${problems.join('; ')}.`);
    sendJson(res, await activity.query(query));
  };
}

/** `GET /api/metrics/stats?model=`: sums, and how speeds are spread. */
export function showStats({ observation: { activity } }: HttpDeps): RequestHandler {
  return async (req, res) => sendJson(res, await activity.stats(paramsOf(req).get('model')));
}

/** `GET /api/captures/{id}`: a request and its answer, without a line end. */
export function showCapture({ observation: { captures } }: HttpDeps): RequestHandler {
  return async (req, res) => {
    const text = String(req.params['id'] ?? '');
    if (!/^-?\d{1,15}$/.test(text)) throw new GatewayError('bad_request', 'The id of a capture is a whole number.');
    const capture = await captures.get(Number(text));
    if (capture === null) throw new GatewayError('not_found', `There is no capture ${text}, or it has made way.`);
    const body = JSON.stringify(capture);
    res.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }).end(body);
  };
}

export function paramsOf({ url }: Request): URLSearchParams {
  const query = url.indexOf('?');
  return new URLSearchParams(query === -1 ? '' : url.slice(query + 1));
}
