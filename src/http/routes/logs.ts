import type { RequestHandler } from 'express';
import { modelNamed } from '../../dispatch/resolve-model.ts';
import type { HttpDeps } from '../deps.ts';
import type { TextLog } from '../needs.ts';
import { beginEndless } from '../endless.ts';
import { modelNotFound } from '../errors/model-not-found.ts';
import { requireMethod } from '../routing.ts';
import { sendPage, sendText, wantsPage } from '../send.ts';
import { decode } from '../forward/upstream-path.ts';
import { LOG_PAGE } from './log-page.ts';

/** `GET /logs`: what is kept of the combined log, as text; for a browser a page that follows it. */
export function showLogs({ logs }: HttpDeps): RequestHandler {
  return (req, res) => {
    res.vary('Accept');
    if (wantsPage(req.headers.accept)) sendPage(res, LOG_PAGE);
    else sendText(res, logs.combined.history());
  };
}

/** `GET /log`: the address of an older llama-swap. */
export const redirectToLogs: RequestHandler = (_req, res) => {
  res.writeHead(302, { location: '/logs' }).end();
};

/**
 * `GET /logs/stream[/proxy|/upstream|/<model>]`: the log as it grows, its history first unless the query has
 * `no-history`. Mounted at its prefix.
 */
export function streamLogs({ config, logs, closing }: HttpDeps): RequestHandler {
  function named(name: string): TextLog {
    if (name === '') return logs.combined;
    if (name === 'proxy') return logs.proxy;
    if (name === 'upstream') return logs.upstream;
    const model = modelNamed(config, name);
    const log = model === null ? undefined : logs.of(model);
    if (log === undefined) throw modelNotFound(name);
    return log;
  }
  return (req, res) => {
    requireMethod(req, res, 'GET', 'HEAD');
    const [path = ''] = req.url.split('?', 1);
    const log = named(decode(path.slice(1)));
    const answer = beginEndless(
      req,
      res,
      'text/plain; charset=utf-8',
      (bytes) => `\n— ${bytes} bytes dropped —\n`,
      closing,
    );
    if (req.query['no-history'] === undefined) answer.write(log.history());
    answer.onOver(log.subscribe((chunk) => answer.write(chunk)));
  };
}
