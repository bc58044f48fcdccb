import type { RequestHandler } from 'express';
import { GatewayError } from '../../errors.ts';
import { parseRfc3339 } from '../../rfc3339.ts';
import type { HttpDeps } from '../deps.ts';
import { sendJson } from '../send.ts';
import { paramsOf } from './activity.ts';

const METRICS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** `GET /metrics`: for Prometheus. */
export function showMetrics({ observation: { metrics } }: HttpDeps): RequestHandler {
  return async (_req, res) => {
    const text = await metrics.render();
    res.writeHead(200, { 'content-type': METRICS_CONTENT_TYPE, 'content-length': Buffer.byteLength(text) }).end(text);
  };
}

/** `GET /api/version` */
export function showVersion({ observation: { version } }: HttpDeps): RequestHandler {
  return (_req, res) => sendJson(res, version);
}

/** `GET /api/performance?after=`: samples of the machine, all of them or those after a moment. */
export function showPerformance({ observation }: HttpDeps): RequestHandler {
  return (req, res) => {
    const monitor = observation.performance();
    if (monitor === null) {
      sendJson(res, { enabled: false }, {}, 503);
      return;
    }
    const text = paramsOf(req).get('after')?.trim() ?? '';
    const after = text === '' ? null : parseRfc3339(text);
    if (text !== '' && after === null)
      throw new GatewayError('bad_request', 'after must be a time as RFC 3339 has it.');
    sendJson(res, monitor.read(after));
  };
}

/** `GET /api/hardware`: what the machine is. */
export function showHardware({ observation }: HttpDeps): RequestHandler {
  return async (_req, res) => {
    const hardware = await observation.hardware();
    if (hardware === null) throw new GatewayError('service_unavailable', 'The hardware could not be detected.');
    sendJson(res, hardware);
  };
}
