import { afterEach, describe, expect, it } from 'vitest';
import type { UnitId } from '../../machines/shared/ids.ts';
import { ask, errorIn, post, SOON } from './ask.ts';
import { gatewayKit, httpConfig, modelConfig } from './fake-gateway.ts';
import { noDesk, sampleConfig, sampleBoard } from './samples.ts';
import { echo, startUpstream } from './fake-upstream.ts';
import type { Echo } from './fake-upstream.ts';

const { gatewayTo, gatewayWith, closeAll } = gatewayKit();
afterEach(closeAll);

describe('GET /v1/models', () => {
  it('lists what is listed, sorted, with state, and the same `created` in every answer', async () => {
    const gateway = await gatewayWith(noDesk(), { config: sampleConfig, board: sampleBoard });
    const response = await fetch(`${gateway.url}/v1/models`, { headers: { origin: 'http://ui.example' } });
    expect(response.headers.get('access-control-allow-origin')).toBe('http://ui.example');
    const list = (await response.json()) as { object: string; data: { created: number }[] };
    expect(list).toMatchObject({
      object: 'list',
      data: [
        { id: 'author/llama', object: 'model', owned_by: 'llama-swap', status: { value: 'unloaded' } },
        {
          id: 'qwen',
          name: 'Qwen',
          status: { value: 'loaded' },
          meta: { llamaswap: { type: 'model', family: 'qwen', aliases: ['q', 'gpt-4'] } },
        },
      ],
    });
    expect(list.data).toHaveLength(2);
    expect(list.data[0]).not.toHaveProperty('name');
    const again = (await (await fetch(`${gateway.url}/models`)).json()) as typeof list;
    expect(again.data).toEqual(list.data);
  });
});

describe('GET /running', () => {
  it('X2: shows what is not stopped, with the command but not its secrets', async () => {
    const gateway = await gatewayWith(noDesk(), { config: sampleConfig, board: sampleBoard });
    expect(await (await fetch(`${gateway.url}/running`)).json()).toEqual({
      running: [
        {
          model: 'hidden',
          state: 'starting',
          phase: 'health-checking',
          cmd: 'server --model hidden',
          proxy: 'http://127.0.0.1:1',
          ttl: 0,
          name: '',
          description: '',
        },
        {
          model: 'qwen',
          state: 'ready',
          phase: 'ready',
          cmd: 'server --api-key [redacted] -m qwen',
          proxy: 'http://127.0.0.1:1',
          ttl: 90,
          name: ' Qwen ',
          description: '',
        },
      ],
    });
  });
});

describe('load and unload', () => {
  function recording(): {
    calls: unknown[];
    control: { unload(m: unknown): Promise<void>; load(u: UnitId): Promise<void> };
  } {
    const calls: unknown[] = [];
    return {
      calls,
      control: {
        unload: (models) => Promise.resolve(void calls.push(models)),
        load: (unit) => Promise.resolve(void calls.push(unit)),
      },
    };
  }

  it('takes ids, aliases, profiles and members of profiles', async () => {
    const { calls, control } = recording();
    const gateway = await gatewayWith(noDesk(), { config: sampleConfig, control });
    expect(await (await fetch(`${gateway.url}/unload`)).text()).toBe('OK');
    const told: unknown[] = [];
    for (const path of [
      'unload',
      'unload/gpt-4',
      'unload/author/llama',
      'unload/author%2Fllama',
      'unload/coding',
      'unload/coding:q',
      'load/q',
      'load/coding',
      'load/coding/author/llama',
    ]) {
      const response = await fetch(`${gateway.url}/api/models/${path}`, { method: 'POST' });
      told.push(await response.text());
    }
    expect(told).toEqual(['{"msg":"ok"}\n', 'OK', 'OK', 'OK', 'OK', 'OK', ...Array(3).fill('{"msg":"ok"}\n')]);
    expect(calls).toEqual([
      'all',
      'all',
      ['qwen'],
      ['author/llama'],
      ['author/llama'],
      ['qwen', 'author/llama'],
      ['qwen'],
      'model:qwen',
      'profile:coding',
      'profile:coding',
    ]);
  });

  it('refuses what does not exist, and other methods', async () => {
    const { calls, control } = recording();
    const gateway = await gatewayWith(noDesk(), { config: sampleConfig, control });
    const results: unknown[] = [];
    for (const [method, path] of [
      ['POST', 'unload/nobody'],
      ['POST', 'load/__proto__'],
      ['POST', 'load/%zz'],
      ['GET', 'unload'],
      ['GET', 'load/qwen'],
    ] as const) {
      const { message, body } = await ask(gateway.port, { method, path: `/api/models/${path}` });
      results.push([message.statusCode, errorIn(body).code, message.headers.allow]);
    }
    expect(results).toEqual([
      [404, 'model_not_found', undefined],
      [404, 'model_not_found', undefined],
      [400, 'bad_request', undefined],
      [405, 'method_not_allowed', 'POST'],
      [405, 'method_not_allowed', 'POST'],
    ]);
    expect(calls).toEqual([]);
  });
});

describe('the rest', () => {
  it('answers health and home', async () => {
    const gateway = await gatewayWith(noDesk());
    for (const path of ['/health', '/wol-health']) expect(await (await fetch(gateway.url + path)).text()).toBe('OK');
    expect(await (await fetch(gateway.url)).json()).toMatchObject({ name: 'llama-swap' });
    const head = await ask(gateway.port, { method: 'HEAD', path: '/v1/models' });
    expect([head.message.statusCode, head.body.length]).toEqual([200, 0]);
  });

  it('gives 404 and 405 with Allow in the error shape; paths are exact', async () => {
    const gateway = await gatewayWith(noDesk());
    const results: unknown[] = [];
    for (const [method, path] of [
      ['GET', '/nothing'],
      ['GET', '/v1/models/'],
      ['GET', '/V1/models'],
      ['DELETE', '/v1/models'],
      ['GET', '/v1/chat/completions'],
      ['DELETE', '/v1/audio/voices'],
      ['POST', '/upstream'],
      ['POST', '/logs/stream'],
    ] as const) {
      const { message, body } = await ask(gateway.port, { method, path });
      results.push([message.statusCode, errorIn(body).code, message.headers.allow]);
    }
    expect(results).toEqual([
      [404, 'not_found', undefined],
      [404, 'not_found', undefined],
      [404, 'not_found', undefined],
      [405, 'method_not_allowed', 'GET, HEAD'],
      [405, 'method_not_allowed', 'POST'],
      [405, 'method_not_allowed', 'GET, HEAD, POST'],
      [405, 'method_not_allowed', 'GET, HEAD'],
      [405, 'method_not_allowed', 'GET, HEAD'],
    ]);
  });

  it("answers a browser's preflight on any path", async () => {
    const gateway = await gatewayWith(noDesk());
    const { message } = await ask(gateway.port, {
      method: 'OPTIONS',
      path: '/what/ever',
      headers: { 'access-control-request-headers': 'X-Mine, b(ad, Content-Type' },
    });
    expect(message.statusCode).toBe(204);
    expect(message.headers).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-allow-headers': 'X-Mine, Content-Type',
      'access-control-max-age': '86400',
    });
  });

  it('writes errors as text, page or JSON, as the client prefers; 429 and streams always as JSON', async () => {
    const gateway = await gatewayWith(noDesk());
    const get = (accept: string) => fetch(`${gateway.url}/upstream/<b>/`, { headers: { accept } });
    expect(await (await get('text/plain, text/html')).text()).toMatch(/^llama-swap: There is no model '<b>'/);
    expect(await (await get('text/html')).text()).toContain('&lt;b&gt;');
    expect(errorIn(await (await get('text/event-stream, text/html')).text()).code).toBe('model_not_found');
    expect(errorIn(await (await get('*/*')).text())).toMatchObject({ type: 'invalid_request_error', param: 'model' });
  });

  it('gives every answer a request id and passes it on, the given one if it is sane', async () => {
    const gateway = await gatewayTo(
      await startUpstream((req, res) => {
        res.setHeader('x-request-id', 'of the upstream');
        echo(req, res);
      }),
    );
    const given = await post(`${gateway.url}/v1/completions`, '{"model":"alpha"}', { 'x-request-id': 'abc-1' });
    expect(given.headers.get('x-request-id')).toBe('abc-1');
    expect(((await given.json()) as Echo).headers['x-request-id']).toBe('abc-1');
    for (const bad of ['a b', 'x'.repeat(200), 'ü']) {
      const { message } = await ask(gateway.port, { path: '/nothing', headers: { 'x-request-id': bad } });
      expect(message.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    }
  });

  it('logs one line per request, without the query, when that is asked for', async () => {
    const logging = httpConfig([modelConfig('alpha')], { logRequests: true });
    const gateway = await gatewayTo(await startUpstream(echo), { config: logging });
    await post(`${gateway.url}/v1/completions?key=secret`, '{"model":"alpha"}', { 'x-request-id': 'abc' });
    await fetch(`${gateway.url}/health`);
    await fetch(`${gateway.url}/nothing`, { headers: { 'x-request-id': 'def' } });
    await expect.poll(() => gateway.log.length, SOON).toBe(2);
    expect(gateway.log[0]).toMatch(/^POST \/v1\/completions 200 \d{3}B \d+ms model=alpha id=abc$/);
    expect(gateway.log[1]).toMatch(/^GET \/nothing 404 \d{3}B \d+ms model=- id=def$/);
  });
});
