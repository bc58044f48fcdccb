import express from 'express';
import type { ErrorRequestHandler, Express, Request, RequestHandler, Response } from 'express';
import { GatewayError } from '../errors.ts';
import { logWhenDone } from './access/access-log.ts';
import { createIdentify } from './access/auth.ts';
import type { Identify } from './access/auth.ts';
import { bindClient, requireAdmin } from './access/client.ts';
import type { Client } from './access/client.ts';
import { cleanPath } from './access/clean-path.ts';
import { createCors } from './access/cors.ts';
import type { Cors } from './access/cors.ts';
import { refuseCrossSite } from './access/cross-site.ts';
import { plainPath } from './access/plain-path.ts';
import { createDelivery } from './deliver/deliver.ts';
import type { Deliver } from './deliver/deliver.ts';
import type { HttpDeps, HttpTimes } from './deps.ts';
import { sendError, toGatewayError } from './errors/error-response.ts';
import { answerPreflight } from './access/preflight.ts';
import { createForward } from './forward/forward.ts';
import { tagRequest } from './access/request-id.ts';
import { mountRoutes, notFound } from './routing.ts';
import type { Guards, Route } from './routing.ts';
import { listActivity, showCapture, showStats } from './routes/activity.ts';
import { listActors, streamActors } from './routes/actors.ts';
import { loadOne, reloadConfig, unloadAll, unloadAllPlain, unloadOne } from './routes/control.ts';
import { streamEvents } from './routes/events.ts';
import { answerFavicon, answerHealth, listUpstreams, redirectHome, showHome } from './routes/home.ts';
import { cancelInFlight, showQueue } from './routes/in-flight.ts';
import { INFERENCE_PATHS, MODEL_QUERY_PATHS } from './inference-paths.ts';
import { inference, modelQuery } from './routes/inference.ts';
import { redirectToLogs, showLogs, streamLogs } from './routes/logs.ts';
import { showHardware, showMetrics, showPerformance, showVersion } from './routes/metrics.ts';
import { listModels } from './routes/models.ts';
import { listProfiles, switchProfile } from './routes/profiles.ts';
import { listRunning } from './routes/running.ts';
import { passThrough, passToComfyui } from './routes/upstream.ts';
import { redirect } from './send.ts';
import { noteFailure } from './watch/trip-of.ts';
import type { Watch } from './watch/watch.ts';

export const DEFAULT_TIMES: HttpTimes = {
  halfCloseMs: 3_000,
  bodyIdleMs: 30_000,
  bodyTotalMs: 15 * 60_000,
  heartbeatMs: 15_000,
};

/** The whole HTTP surface but WebSockets, in the order in which a request meets it. */
export function createApp(deps: HttpDeps): Express {
  const times = { ...DEFAULT_TIMES, ...deps.times };
  const forward = createForward(times.bodyIdleMs);
  const limits = { maxBytes: deps.config.server.maxBodyBytes, idleMs: times.bodyIdleMs, totalMs: times.bodyTotalMs };

  const deliver = createDelivery(deps, forward);
  const infer = inference(watched(deliver, deps.watch), limits);
  const models = listModels(deps);
  const query = modelQuery(watched(deliver, deps.watch), limits);
  const routes: readonly Route[] = [
    ...INFERENCE_PATHS.map((path): Route => ({ method: 'POST', path, handle: infer })),
    ...MODEL_QUERY_PATHS.map((path): Route => ({ method: 'GET', path, handle: query })),
    { method: 'GET', path: '/health', access: 'open', handle: answerHealth },
    { method: 'GET', path: '/wol-health', access: 'open', handle: answerHealth },
    { method: 'GET', path: '/favicon.ico', access: 'open', handle: answerFavicon },
    { method: 'GET', path: '/v1/models', handle: models },
    { method: 'GET', path: '/models', handle: models },
    { method: 'GET', path: '/running', handle: listRunning(deps) },
    { method: 'GET', path: '/unload', access: 'change', handle: unloadAllPlain(deps) },
    { method: 'POST', path: '/api/models/unload', access: 'change', handle: unloadAll(deps) },
    { method: 'POST', path: '/api/config/reload', access: 'change', handle: reloadConfig(deps) },
    { method: 'GET', path: '/api/profiles', access: 'admin', handle: listProfiles(deps) },
    { method: 'PUT', path: '/api/profiles/active', access: 'change', handle: switchProfile(deps, limits) },
    { method: 'GET', path: '/api/events', access: 'admin', handle: streamEvents(deps, times.heartbeatMs) },
    { method: 'POST', path: '/api/inflight/:id/cancel', access: 'change', handle: cancelInFlight(deps) },
    { method: 'GET', path: '/api/queue', access: 'admin', handle: showQueue(deps) },
    { method: 'GET', path: '/api/metrics/activity', access: 'admin', handle: listActivity(deps) },
    { method: 'GET', path: '/api/metrics/stats', access: 'admin', handle: showStats(deps) },
    { method: 'GET', path: '/api/captures/:id', access: 'admin', handle: showCapture(deps) },
    { method: 'GET', path: '/api/performance', access: 'admin', handle: showPerformance(deps) },
    { method: 'GET', path: '/api/hardware', access: 'admin', handle: showHardware(deps) },
    { method: 'GET', path: '/api/version', handle: showVersion(deps) },
    { method: 'GET', path: '/metrics', access: 'admin', handle: showMetrics(deps) },
    { method: 'GET', path: '/logs', access: 'admin', handle: showLogs(deps) },
    { method: 'GET', path: '/log', handle: redirectToLogs },
    { method: 'GET', path: '/api/actors', access: 'admin', handle: listActors(deps) },
    { method: 'GET', path: '/api/actors/stream', access: 'admin', handle: streamActors(deps, times.heartbeatMs) },
    { method: 'GET', path: '/upstream', handle: listUpstreams(deps) },
    { method: 'GET', path: '/upstream/', handle: listUpstreams(deps) },
    { method: 'GET', path: '/', access: 'open', handle: showHome },
  ];

  const app = express();
  app.disable('x-powered-by').disable('etag');
  app.enable('strict routing').enable('case sensitive routing');
  app.set('query parser', 'simple');

  const cors = createCors(deps.config.cors);
  const guards = createGuards(createIdentify(deps), cors);
  app.use(enter(deps, cors));
  mountRoutes(app, routes, guards);
  // Below these, names with slashes and percent signs follow; express would decode them.
  app.use('/upstream', guards.member, passThrough(deps, forward, limits));
  app.use('/comfyui', guards.member, passToComfyui(deps, forward));
  app.use('/logs/stream', guards.admin, streamLogs(deps));
  app.use('/api/models/unload', guards.change, unloadOne(deps));
  app.use('/api/models/load', guards.change, loadOne(deps));
  app.use('/ui', redirectHome);
  app.use(notFound);
  app.use(reportErrors(deps));
  return app;
}

/** What happens to every request: an id, a line in the log, the answer to a browser's preflight, a path made plain. */
function enter({ config, logger }: HttpDeps, cors: Cors): RequestHandler {
  return (req, res, next) => {
    const id = tagRequest(req, res);
    if (config.logRequests) logWhenDone(req, res, id, logger);
    if (req.method === 'OPTIONS') {
      answerPreflight(req, res);
      return;
    }
    cors.mark(req.headers, res);
    const coding = req.headers['transfer-encoding'];
    if (coding !== undefined && coding.toLowerCase() !== 'chunked')
      throw new GatewayError('bad_request', 'Chunks are the only transfer encoding that a request may have.');
    const url = plainPath(req.url);
    if (url === null)
      throw new GatewayError('bad_request', 'The path holds a percent sign that begins no valid escape.');
    // Both, for a mounted handler sees the whole path in the second one only.
    if (url !== req.url) req.url = req.originalUrl = url;
    const clean = cleanPath(url);
    if (clean === null) next();
    else redirect(res, 307, clean);
  };
}

/** Requests are watched from the moment their model is known by name: what comes before is quick, or no request. */
function watched(deliver: Deliver, watch: Watch): Deliver {
  return (parcel) => {
    const { req, res, located } = parcel;
    watch.begin(req, res, req.url, located.name);
    return deliver(parcel);
  };
}

function createGuards(identify: Identify, cors: Cors): Guards {
  function welcome(req: Request, res: Response): Client | null {
    const client = identify(req.headers);
    if (client !== null) bindClient(res, client);
    return client;
  }
  return {
    member(req, res, next) {
      welcome(req, res);
      next();
    },
    admin(req, res, next) {
      requireAdmin(welcome(req, res));
      next();
    },
    change(req, res, next) {
      requireAdmin(welcome(req, res));
      refuseCrossSite(req, cors);
      next();
    },
  };
}

/** The end of every error. */
function reportErrors({ logger }: HttpDeps): ErrorRequestHandler {
  // Express knows an error handler by its four parameters.
  return (thrown: unknown, req, res, _next) => {
    const error = noteFailure(res, toGatewayError(thrown));
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
