import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { http } from '../node-http.ts';
import { chat } from './chat.ts';
import { completion } from './completion.ts';
import { embeddings } from './embedding.ts';
import type { Json } from './json-http.ts';
import { readJson, sendError, sendJson, StandInError } from './json-http.ts';
import { rerank } from './rerank.ts';
import { FINGERPRINT, type StandIn } from './stand-in.ts';

type Inference = (self: StandIn, body: Json, res: ServerResponse) => void | Promise<void>;

const INFERENCE: Readonly<Record<string, Inference>> = {
  '/v1/chat/completions': chat,
  '/v1/completions': completion,
  '/v1/embeddings': embeddings,
  '/v1/rerank': rerank,
};

/** Makes the server; it does not listen yet. */
export function createStandIn(self: StandIn): Server {
  return http.createServer((req, res) => {
    answer(self, req, res).catch((error: unknown) => refuse(res, error));
  });
}

async function answer(self: StandIn, req: IncomingMessage, res: ServerResponse): Promise<void> {
  if (!self.isLoaded()) return sendError(res, 503, 'Loading model');
  const path = req.url?.split('?', 1)[0] ?? '/';
  if (req.method === 'GET') return look(self, path, res);
  const infer = Object.hasOwn(INFERENCE, path) ? INFERENCE[path] : undefined;
  if (req.method !== 'POST' || infer === undefined) throw new StandInError(404, 'There is nothing here.');
  await infer(self, await readJson(req), res);
}

function look(self: StandIn, path: string, res: ServerResponse): void {
  switch (path) {
    case '/health':
      return sendJson(res, 200, { status: 'ok' });
    case '/v1/models': {
      const meta = { description: 'a stand-in, no real model' };
      return sendJson(res, 200, {
        object: 'list',
        data: [{ id: self.name, object: 'model', created: 0, owned_by: FINGERPRINT, meta }],
      });
    }
    case '/':
      res.setHeader('content-type', 'text/plain; charset=utf-8');
      res.end(`${self.name} is a stand-in for a model server; it holds no real model.\n`);
      return;
    default:
      throw new StandInError(404, 'There is nothing here.');
  }
}

function refuse(res: ServerResponse, error: unknown): void {
  if (res.headersSent || res.destroyed) res.destroy();
  else if (error instanceof StandInError) sendError(res, error.status, error.message);
  else sendError(res, 500, 'The stand-in failed.');
}
