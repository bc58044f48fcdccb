import { afterEach, describe, expect, it } from 'vitest';
import { ask } from '../http/ask.ts';
import { type FakeGateway, gatewayKit } from '../http/fake-gateway.ts';
import { type Echo, echo, startUpstream } from '../http/fake-upstream.ts';

const { gatewayTo, closeAll } = gatewayKit();
afterEach(closeAll);

const start = async (): Promise<FakeGateway> => gatewayTo(await startUpstream(echo));

const echoed = (body: Buffer): Echo => JSON.parse(body.toString()) as Echo;

describe('the routes of llama-swap v250', () => {
  it.each([
    ['/v1/chat/completions', '/v1/chat/completions'],
    ['/v1/responses', '/v1/responses'],
    ['/v1/completions', '/v1/completions'],
    ['/v1/messages', '/v1/messages'],
    ['/v1/messages/count_tokens', '/v1/messages/count_tokens'],
    ['/v1/embeddings', '/v1/embeddings'],
    ['/reranking', '/reranking'],
    ['/rerank', '/rerank'],
    ['/v1/rerank', '/v1/rerank'],
    ['/v1/reranking', '/v1/reranking'],
    ['/infill', '/infill'],
    ['/completion', '/completion'],
    ['/v1/audio/speech', '/v1/audio/speech'],
    ['/v1/audio/voices', '/v1/audio/voices'],
    ['/v1/images/generations', '/v1/images/generations'],
    ['/sdapi/v1/txt2img', '/sdapi/v1/txt2img'],
    ['/sdapi/v1/img2img', '/sdapi/v1/img2img'],
    ['/audioapi/v1/tasks/run', '/v1/tasks/run'],
    ['/v/chat/completions', '/chat/completions'],
    ['/v/responses', '/responses'],
    ['/v/completions', '/completions'],
    ['/v/messages', '/messages'],
    ['/v/messages/count_tokens', '/messages/count_tokens'],
    ['/v/embeddings', '/embeddings'],
    ['/v/rerank', '/rerank'],
    ['/v/reranking', '/reranking'],
  ])('POST %s reaches the model in its body as %s', async (path, upstreamPath) => {
    const gateway = await start();
    const { message, body } = await ask(gateway.port, { method: 'POST', path, body: '{"model":"beta"}' });
    expect([message.statusCode, echoed(body).url]).toEqual([200, upstreamPath]);
    expect(gateway.desk.asked.map(({ model }) => model)).toEqual(['beta']);
  });

  it.each(['/v1/audio/transcriptions', '/v1/images/edits'])(
    'POST %s takes the model from the form, or from the query, which wins',
    async (path) => {
      const gateway = await start();
      const form = new FormData();
      form.set('model', 'alpha');
      form.set('file', new Blob(['sound']), 'sound.wav');
      for (const query of ['', '?model=beta']) {
        const response = await fetch(`${gateway.url}${path}${query}`, { method: 'POST', body: form });
        expect(response.status).toBe(200);
      }
      expect(gateway.desk.asked.map(({ model }) => model)).toEqual(['alpha', 'beta']);
    },
  );

  it.each(['/v1/audio/voices', '/sdapi/v1/loras', '/props'])(
    'GET and HEAD %s take the model from the query',
    async (path) => {
      const gateway = await start();
      for (const method of ['GET', 'HEAD']) {
        const { message } = await ask(gateway.port, { method, path: `${path}?model=beta` });
        expect(message.statusCode).toBe(200);
      }
      expect(gateway.desk.asked.map(({ model }) => model)).toEqual(['beta', 'beta']);
    },
  );

  it.each([
    '/v1/models',
    '/models',
    '/logs',
    '/health',
    '/wol-health',
    '/favicon.ico',
    '/metrics',
    '/unload',
    '/running',
    '/upstream',
    '/api/profiles',
    '/api/metrics/activity',
    '/api/metrics/stats',
    '/api/version',
    '/',
  ])('GET %s answers, HEAD too, another method is told which', async (path) => {
    const gateway = await start();
    for (const method of ['GET', 'HEAD']) {
      const { message, body } = await ask(gateway.port, { method, path });
      expect(message.statusCode).toBeLessThan(300);
      if (method === 'HEAD') expect(body).toHaveLength(0);
    }
    const { message } = await ask(gateway.port, { method: 'DELETE', path });
    expect([message.statusCode, message.headers.allow]).toEqual([405, 'GET, HEAD']);
    expect(gateway.desk.asked).toEqual([]);
  });
});
