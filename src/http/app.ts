import express from 'express';
import type { ErrorRequestHandler, Express, RequestHandler } from 'express';
import { logWhenDone } from './access-log.ts';
import type { HttpDeps, HttpTimes } from './deps.ts';
import { sendError, toGatewayError } from './error-response.ts';
import { answerPreflight } from './preflight.ts';
import { createForward } from './proxy.ts';
import { tagRequest } from './request-id.ts';
import { mountRoutes, notFound } from './routing.ts';
import type { Route } from './routing.ts';
import { listActors, streamActors } from './routes/actors.ts';
import { loadOne, unloadAll, unloadAllPlain, unloadOne } from './routes/control.ts';
import { answerHealth, listUpstreams, showHome } from './routes/home.ts';
import { inference, INFERENCE_PATHS, MODEL_QUERY_PATHS, modelQuery } from './routes/inference.ts';
import { redirectToLogs, showLogs, streamLogs } from './routes/logs.ts';
import { listModels } from './routes/models.ts';
import { listRunning } from './routes/running.ts';
import { passThrough } from './routes/upstream.ts';

export const DEFAULT_TIMES: HttpTimes = {
  halfCloseMs: 3_000,
  bodyIdleMs: 30_000,
  bodyTotalMs: 15 * 60_000,
  heartbeatMs: 15_000,
};

/** The whole HTTP surface but WebSockets, in the order in which a request meets it. */
export function createApp(deps: HttpDeps): Express {
  const times = { ...DEFAULT_TIMES, ...deps.times };
  const forward = createForward();
  const limits = { maxBytes: deps.config.server.maxBodyBytes, idleMs: times.bodyIdleMs, totalMs: times.bodyTotalMs };

  const infer = inference(deps, forward, limits);
  const models = listModels(deps);
  const query = modelQuery(deps, forward, limits);
  const routes: readonly Route[] = [
    ...INFERENCE_PATHS.map((path): Route => ({ method: 'POST', path, handle: infer })),
    ...MODEL_QUERY_PATHS.map((path): Route => ({ method: 'GET', path, handle: query })),
    { method: 'GET', path: '/health', handle: answerHealth },
    { method: 'GET', path: '/wol-health', handle: answerHealth },
    { method: 'GET', path: '/v1/models', handle: models },
    { method: 'GET', path: '/models', handle: models },
    { method: 'GET', path: '/running', handle: listRunning(deps) },
    { method: 'GET', path: '/unload', handle: unloadAllPlain(deps.control) },
    { method: 'POST', path: '/api/models/unload', handle: unloadAll(deps.control) },
    { method: 'GET', path: '/logs', handle: showLogs(deps) },
    { method: 'GET', path: '/log', handle: redirectToLogs },
    { method: 'GET', path: '/api/actors', handle: listActors(deps) },
    { method: 'GET', path: '/api/actors/stream', handle: streamActors(deps, times.heartbeatMs) },
    { method: 'GET', path: '/upstream', handle: listUpstreams(deps) },
    { method: 'GET', path: '/upstream/', handle: listUpstreams(deps) },
    { method: 'GET', path: '/', handle: showHome },
  ];

  const app = express();
  app.disable('x-powered-by').disable('etag');
  app.enable('strict routing').enable('case sensitive routing');
  app.set('query parser', 'simple');

  app.use(enter(deps));
  mountRoutes(app, routes);
  // Below these, names with slashes and percent signs follow; express would decode them.
  app.use('/upstream', passThrough(deps, forward));
  app.use('/logs/stream', streamLogs(deps));
  app.use('/api/models/unload', unloadOne(deps));
  app.use('/api/models/load', loadOne(deps));
  app.use(notFound);
  app.use(reportErrors(deps));
  return app;
}

/** What happens to every request: a request id, a line in the log, and the answer to a browser's preflight. */
function enter({ config, logger }: HttpDeps): RequestHandler {
  return (req, res, next) => {
    const id = tagRequest(req, res);
    if (config.logRequests) logWhenDone(req, res, id, logger);
    if (req.method === 'OPTIONS') {
      answerPreflight(req, res);
      return;
    }
    if (!req.url.startsWith('/')) req.url = originForm(req.url);
    next();
  };
}

/** The path and query of a URL that came whole, as clients of a proxy send it. */
function originForm(url: string): string {
  const slash = url.indexOf('/', url.indexOf('://') + 3);
  return slash === -1 ? '/' : url.slice(slash);
}

/** The end of every error. */
function reportErrors({ logger }: HttpDeps): ErrorRequestHandler {
  // Express knows an error handler by its four parameters.
  return (thrown: unknown, req, res, _next) => {
    const error = toGatewayError(thrown);
    if (error.code === 'internal_error') {
      const { cause } = error;
      logger.error(() => `request ${String(req.headers['x-request-id'])}: ${describe(cause)}`);
    }
    sendError(req, res, error);
  };
}

function describe(cause: unknown): string {
  return cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
}
