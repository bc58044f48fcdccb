import type { RequestHandler } from 'express';
import { profileActorId } from '../../../machines/shared/ids.ts';
import type { ModelId, UnitId } from '../../../machines/shared/ids.ts';
import type { Config } from '../../config/types.ts';
import { resolveModel } from '../../dispatch/resolve-model.ts';
import { GatewayError } from '../../errors.ts';
import { clientOf } from '../access/client.ts';
import type { Client } from '../access/client.ts';
import type { HttpDeps } from '../deps.ts';
import { modelNotAllowed, modelNotFound } from '../errors/model-not-found.ts';
import { requireMethod } from '../routing.ts';
import { sendJson, sendText } from '../send.ts';
import { decode } from '../forward/upstream-path.ts';

/** `GET /unload`: stops everything; the first llama-swap's way, for scripts and bookmarks. */
export function unloadAllPlain(deps: HttpDeps): RequestHandler {
  return async (_req, res) => {
    await unloadEverything(deps, clientOf(res));
    sendText(res, 'OK');
  };
}

/** `POST /api/models/unload` */
export function unloadAll(deps: HttpDeps): RequestHandler {
  return async (_req, res) => {
    await unloadEverything(deps, clientOf(res));
    sendJson(res, { msg: 'ok' });
  };
}

/** `POST /api/models/unload/<model or profile>`: answers when the processes are gone. Mounted at its prefix. */
export function unloadOne({ config, control }: HttpDeps): RequestHandler {
  return async (req, res) => {
    requireMethod(req, res, 'POST');
    const name = nameIn(req.url);
    const models = modelsNamed(config, name);
    const scope = clientOf(res)?.scope ?? null;
    if (scope !== null && !models.every(scope.allowsModel)) throw modelNotAllowed(name);
    await control.unload(models);
    sendText(res, 'OK');
  };
}

/** `POST /api/models/load/<model or profile>`: answers when it is ready. Mounted at its prefix. */
export function loadOne({ config, control }: HttpDeps): RequestHandler {
  return async (req, res) => {
    requireMethod(req, res, 'POST');
    const name = nameIn(req.url);
    const unit = unitNamed(config, name);
    if (clientOf(res)?.scope?.allowsUnit(unit) === false) throw modelNotAllowed(name);
    const gone = new AbortController();
    res.once('close', () => gone.abort());
    await control.load(unit, gone.signal);
    sendJson(res, { msg: 'ok' });
  };
}

/** `POST /api/config/reload`: touches only the models whose definition has changed; on an error nothing. */
export function reloadConfig({ reload }: HttpDeps): RequestHandler {
  return async (_req, res) => {
    if (!reload) throw new GatewayError('not_found', 'This gateway was not made from a file that could be read again.');
    const { ok, changed, problems } = await reload();
    if (!ok) throw new GatewayError('invalid_config', `Nothing was changed. ${problems.join('\n')}`);
    sendJson(res, { msg: 'ok', changed, warnings: problems });
  };
}

/** Everything is what the client may use. */
function unloadEverything({ config, control }: HttpDeps, client: Client | null): Promise<void> {
  const scope = client?.scope ?? null;
  return control.unload(scope === null ? 'all' : [...config.models.keys()].filter(scope.allowsModel));
}

function modelsNamed(config: Config, name: string): readonly ModelId[] {
  const destination = resolveModel(config, name);
  if (destination !== null) return [destination.model];
  const profile = config.profiles.get(name);
  if (profile === undefined) throw modelNotFound(name);
  return profile.members;
}

function unitNamed(config: Config, name: string): UnitId {
  const destination = resolveModel(config, name);
  if (destination !== null) return destination.unit;
  if (!config.profiles.has(name)) throw modelNotFound(name);
  return profileActorId(name);
}

/** Everything behind the prefix is the name: it may hold slashes, plain or encoded. */
function nameIn(url: string): string {
  const [path = ''] = url.split('?', 1);
  return decode(path.slice(1));
}
