import type { RequestHandler } from 'express';
import { clientOf } from '../access/client.ts';
import type { HttpDeps } from '../deps.ts';
import { redactCommand } from '../redact-command.ts';
import { sendJson } from '../send.ts';
import { shownState } from '../shown-state.ts';
import { byId } from './models.ts';

/** `GET /running`: every model that is not stopped and that the client may use. `ttl` is in seconds. */
export function listRunning({ config, board }: HttpDeps): RequestHandler {
  const models = [...config.models.values()].sort(byId);
  return (_req, res) => {
    const scope = clientOf(res)?.scope ?? null;
    const running = models
      .filter(({ id }) => scope === null || scope.allowsModel(id))
      .map((model) => ({ model, phase: board.phaseOf(model.id) }))
      .filter(({ phase }) => phase !== 'stopped')
      .map(({ model, phase }) => ({
        model: model.id,
        state: shownState(phase),
        phase,
        cmd: redactCommand(model.cmd),
        proxy: model.upstream.url,
        ttl: model.ttlMs / 1000,
        name: model.name,
        description: model.description,
      }));
    sendJson(res, { running });
  };
}
