import type { Request, RequestHandler, Response } from 'express';
import type { Config, ModelConfig } from '../../config/types.ts';
import { modelNamed, resolveModel } from '../../dispatch/resolve-model.ts';
import { runErrand } from '../admission.ts';
import type { HttpDeps } from '../deps.ts';
import { locateModel, locateModelInQuery } from '../locate-model.ts';
import type { LocatedModel } from '../locate-model.ts';
import { modelNotFound } from '../model-not-found.ts';
import type { Forward } from '../proxy.ts';
import { readBody } from '../read-body.ts';
import type { BodyLimits } from '../read-body.ts';
import { byteLength, rewriteBody, rewriteUrl } from '../rewrite-body.ts';
import { prepareUpstreamHeaders } from '../upstream-headers.ts';

/** Paths that carry a model's name in their body: POST. The hottest first. */
export const INFERENCE_PATHS = [
  '/v1/chat/completions',
  '/v1/completions',
  '/v1/embeddings',
  '/v1/responses',
  '/v1/messages',
  '/v1/messages/count_tokens',
  '/v1/rerank',
  '/v1/reranking',
  '/rerank',
  '/reranking',
  '/infill',
  '/completion',
  '/v1/audio/speech',
  '/v1/audio/voices',
  '/v1/audio/transcriptions',
  '/v1/images/generations',
  '/v1/images/edits',
  '/sdapi/v1/txt2img',
  '/sdapi/v1/img2img',
  '/audioapi/v1/tasks/run',
  '/v/chat/completions',
  '/v/completions',
  '/v/embeddings',
  '/v/responses',
  '/v/messages',
  '/v/messages/count_tokens',
  '/v/rerank',
  '/v/reranking',
] as const;

/** Paths that carry it in their query: GET and HEAD. */
export const MODEL_QUERY_PATHS = ['/v1/audio/voices', '/sdapi/v1/loras', '/props'] as const;

/** Prefixes that are ours and not the upstream's. */
const OWN_PREFIX = /^\/(?:v|audioapi)(?=\/)/;

/** Body → model → lease → upstream. */
export function inference(deps: HttpDeps, forward: Forward, limits: BodyLimits): RequestHandler {
  return async (req, res) => {
    const body = await readBody(req, limits);
    const located = locateModel(req.url, req.headers['content-type'] ?? '', body);
    return send(deps, forward, req, res, located, body);
  };
}

/** Query → model → lease → upstream. */
export function modelQuery(deps: HttpDeps, forward: Forward, limits: BodyLimits): RequestHandler {
  return async (req, res) => {
    const located = locateModelInQuery(req.url);
    const body = await readBody(req, limits);
    return send(deps, forward, req, res, located, body);
  };
}

function send(
  deps: HttpDeps,
  forward: Forward,
  req: Request,
  res: Response,
  located: LocatedModel,
  bytes: Buffer,
): Promise<void> {
  const destination = resolveModel(deps.config, located.name);
  const model = destination && deps.config.models.get(destination.model);
  if (destination === null || model == null) throw modelNotFound(located.name);
  res.locals['model'] = destination.model;
  const name = upstreamName(deps.config, model, located.name);
  const pieces = name === located.name ? [bytes] : rewriteBody(bytes, located, name);
  req.url = rewriteUrl(req.url, located, name).replace(OWN_PREFIX, '');
  prepareUpstreamHeaders(req, byteLength(pieces));
  return runErrand({ req, res, destination, payload: { pieces } }, deps, forward);
}

/** What the upstream is told: an alias goes on as it came, a profile's prefix does not. */
function upstreamName(config: Config, model: ModelConfig, asked: string): string {
  if (model.useModelName !== null) return model.useModelName;
  return modelNamed(config, asked) === null ? model.id : asked;
}
