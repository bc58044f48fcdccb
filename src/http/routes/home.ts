import type { RequestHandler } from 'express';
import { clientOf } from '../access/client.ts';
import type { HttpDeps } from '../deps.ts';
import { escapeHtml } from '../errors/error-response.ts';
import { redirect, sendJson, sendPage, sendText, wantsPage } from '../send.ts';
import { encodeSegments } from '../forward/upstream-path.ts';
import { byId } from './models.ts';

const LINKS = {
  models: '/v1/models',
  running: '/running',
  upstream: '/upstream',
  actors: '/api/actors',
  logs: '/logs',
  health: '/health',
} as const;

/** `GET /health`, `GET /wol-health`: the gateway lives; nothing is started for it. */
export const answerHealth: RequestHandler = (_req, res) => sendText(res, 'OK');

/** `GET /favicon.ico`: there is none, and nobody needs a key to be told so. */
export const answerFavicon: RequestHandler = (_req, res) => {
  res.writeHead(204, { 'cache-control': 'max-age=86400' }).end();
};

/** `/ui` and below: where the page of another llama-swap is. */
export const redirectHome: RequestHandler = (_req, res) => redirect(res, 307, '/');

/** `GET /`: where everything is. */
export const showHome: RequestHandler = (req, res) => {
  res.vary('Accept');
  if (wantsPage(req.headers.accept)) sendPage(res, linkPage('llama-swap', Object.entries(LINKS)));
  else sendJson(res, { name: 'llama-swap', links: LINKS });
};

/** `GET /upstream`: the models whose own pages and routes the client can reach below this path. */
export function listUpstreams({ config, board }: HttpDeps): RequestHandler {
  const models = [...config.models.values()].filter((model) => !model.unlisted).sort(byId);
  return (req, res) => {
    const scope = clientOf(res)?.scope ?? null;
    const usable = scope === null ? models : models.filter(({ id }) => scope.allowsModel(id));
    const rows = usable.map(({ id }) => ({ id, state: board.phaseOf(id), path: `/upstream/${encodeSegments(id)}/` }));
    res.vary('Accept');
    if (!wantsPage(req.headers.accept)) sendJson(res, { upstream: rows });
    else
      sendPage(
        res,
        linkPage(
          'Upstreams',
          rows.map(({ id, state, path }) => [`${id} (${state})`, path] as const),
        ),
      );
  };
}

function linkPage(title: string, links: readonly (readonly [string, string])[]): string {
  const items = links.map(([name, path]) => `<li><a href="${escapeHtml(path)}">${escapeHtml(name)}</a>`).join('\n');
  return (
    `<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>${title}</title>\n` +
    `<style>:root { color-scheme: light dark; font: 1rem/1.6 system-ui; margin: 2rem; }</style>\n` +
    `<h1>${title}</h1>\n<ul>\n${items}\n</ul>\n</html>\n`
  );
}
