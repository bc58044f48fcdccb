import type { RequestHandler } from 'express';
import type { ModelConfig } from '../../config/types.ts';
import type { HttpDeps } from '../deps.ts';
import { sendJson } from '../send.ts';

/** `GET /v1/models`: what OpenAI's clients ask for, with the state of each model. Unlisted models stay hidden. */
export function listModels({ config, board }: HttpDeps): RequestHandler {
  const listed = [...config.models.values()].filter((model) => !model.unlisted).sort(byId);
  // The same in every answer, so that clients may compare two of them.
  const created = Math.floor(Date.now() / 1000);
  return (req, res) => {
    const data = listed.map((model) => ({
      id: model.id,
      object: 'model',
      created,
      owned_by: 'llama-swap',
      ...texts(model),
      status: { value: board.phaseOf(model.id) === 'stopped' ? 'unloaded' : 'loaded' },
      meta: { llamaswap: { ...model.metadata, type: 'model', aliases: model.aliases } },
    }));
    const { origin } = req.headers;
    const headers: Record<string, string> = { vary: 'Origin' };
    if (origin !== undefined) headers['access-control-allow-origin'] = origin;
    sendJson(res, { object: 'list', data }, headers);
  };
}

function texts({ name, description }: ModelConfig): { name?: string; description?: string } {
  return { ...(name.trim() && { name: name.trim() }), ...(description.trim() && { description: description.trim() }) };
}

export function byId(a: { id: string }, b: { id: string }): number {
  return a.id < b.id ? -1 : 1;
}
