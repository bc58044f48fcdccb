import type { RequestHandler } from 'express';
import { GatewayError } from '../../errors.ts';
import type { HttpDeps } from '../deps.ts';
import { readBody } from '../body/read-body.ts';
import type { BodyLimits } from '../body/read-body.ts';
import { sendJson } from '../send.ts';
import { byId } from './models.ts';

type ProfileDeps = Pick<HttpDeps, 'config' | 'pins'>;

/** A name and nothing else; nobody needs more for it. */
const MAX_BYTES = 64 * 1024;

/** `GET /api/profiles`: the profiles that can be switched on, and which one is. `""` = the pin switches its name off. */
export function listProfiles({ config, pins }: ProfileDeps): RequestHandler {
  const profiles = [...config.pins.values()].sort(byId).map(({ id, description, pins: targets }) => ({
    id,
    description,
    pins: Object.fromEntries([...targets].map(([name, target]) => [name, target ?? ''])),
  }));
  return (_req, res) => sendJson(res, { active: pins.active(config)?.id ?? null, profiles });
}

/** `PUT /api/profiles/active` with `{"name": "…"}`; null or `""` = none. */
export function switchProfile({ config, pins }: ProfileDeps, limits: BodyLimits): RequestHandler {
  return async (req, res) => {
    const body = await readBody(req, { ...limits, maxBytes: Math.min(limits.maxBytes, MAX_BYTES) });
    const name = nameIn(body);
    if (name !== null && !config.pins.has(name)) {
      throw new GatewayError('not_found', `There is no profile '${name}'.`, { param: 'name' });
    }
    pins.activate(name);
    sendJson(res, { active: name });
  };
}

/** @throws GatewayError `invalid_json` or `bad_request`. */
function nameIn(body: Buffer): string | null {
  let value: unknown;
  try {
    value = JSON.parse(body.toString());
  } catch (cause) {
    throw new GatewayError('invalid_json', 'The body is not a JSON object.', { cause });
  }
  const name = (value as { name?: unknown } | null)?.name;
  if (name === null || name === '') return null;
  if (typeof name === 'string') return name;
  throw new GatewayError('bad_request', 'Say {"name": "…"} to switch a profile on, or {"name": null} for none.', {
    param: 'name',
  });
}
