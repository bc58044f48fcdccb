import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { UnitId } from '../../machines/shared/ids.ts';
import type { Phase } from '../../machines/shared/phase.ts';
import type { Transition } from '../../src/http/deps.ts';
import { ask, begin, errorIn, post, SOON } from './ask.ts';
import { fakeDesk, gatewayKit, httpConfig, modelConfig, textLog, waitForAbort } from './fake-gateway.ts';
import { echo, startUpstream } from './fake-upstream.ts';
import type { Echo } from './fake-upstream.ts';

const { gatewayTo, gatewayWith, closeAll } = gatewayKit();
afterEach(closeAll);

const noDesk = () => fakeDesk((_destination, signal) => waitForAbort(signal));

const config = httpConfig(
  [
    modelConfig('qwen', {
      name: ' Qwen ',
      aliases: ['q', 'gpt-4'],
      metadata: { family: 'qwen', type: 'mine' },
      cmd: 'server --api-key sk-123 -m qwen',
      ttlMs: 90_000,
    }),
    modelConfig('author/llama'),
    modelConfig('hidden', { unlisted: true }),
  ],
  { profiles: [{ id: 'coding', members: ['qwen', 'author/llama'] }] },
);
const phases: Record<string, Phase> = { qwen: 'ready', hidden: 'starting' };
const board = {
  phaseOf: (model: string): Phase => phases[model] ?? 'stopped',
  failureOf: () => null,
  actors: () => [{ id: 'model:qwen' }],
};

describe('GET /v1/models', () => {
  it('lists what is listed, sorted, with state, and the same `created` in every answer', async () => {
    const gateway = await gatewayWith(noDesk(), { config, board });
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
    const gateway = await gatewayWith(noDesk(), { config, board });
    expect(await (await fetch(`${gateway.url}/running`)).json()).toEqual({
      running: [
        {
          model: 'hidden',
          state: 'starting',
          cmd: 'server --model hidden',
          proxy: 'http://127.0.0.1:1',
          ttl: 0,
          name: '',
          description: '',
        },
        {
          model: 'qwen',
          state: 'ready',
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
    const gateway = await gatewayWith(noDesk(), { config, control });
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
    const gateway = await gatewayWith(noDesk(), { config, control });
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

describe('ANY /upstream/<model>/<rest>', () => {
  it('passes method, raw path, query and body through, for the longest name that is configured', async () => {
    const models = ['a', 'a/b', 'author/llama'].map((id) => modelConfig(id));
    const gateway = await gatewayTo(await startUpstream(echo), { config: httpConfig(models) });
    const seen: unknown[] = [];
    for (const path of ['a/x', 'a/b/x%2Fy//z?q=%20', 'a%2Fb/x%252F', 'author%2Fllama/%C3%BC', '/a//x']) {
      const { body } = await ask(gateway.port, { method: 'PUT', path: `/upstream/${path}`, body: 'as it is' });
      const { method, url, body: got } = JSON.parse(body.toString()) as Echo;
      seen.push([method, url, got]);
    }
    expect(seen).toEqual([
      ['PUT', '/x', 'as it is'],
      ['PUT', '/x%2Fy//z?q=%20', 'as it is'],
      ['PUT', '/x%252F', 'as it is'],
      ['PUT', '/%C3%BC', 'as it is'],
      ['PUT', '//x', 'as it is'],
    ]);
    expect(gateway.desk.asked.map(({ model }) => model)).toEqual(['a', 'a/b', 'a/b', 'author/llama', 'a']);
  });

  it('streams a body on while it is still being sent', async () => {
    const upstream = await startUpstream((req, res) => {
      req.once('data', (chunk: Buffer) => res.write(chunk));
      req.on('end', () => res.end('.'));
    });
    const gateway = await gatewayTo(upstream);
    const req = begin(gateway.port, { method: 'POST', path: '/upstream/alpha/x' });
    req.write('first');
    const [message] = (await once(req, 'response')) as [IncomingMessage];
    const [chunk] = (await once(message, 'data')) as [Buffer];
    expect(chunk.toString()).toBe('first');
    req.end();
    await once(message.resume(), 'end');
  });

  it('redirects to the trailing slash, with which links in pages work', async () => {
    const gateway = await gatewayTo(await startUpstream(echo));
    for (const [method, status] of [
      ['GET', 301],
      ['POST', 308],
    ] as const) {
      const { message } = await ask(gateway.port, { method, path: '/upstream/alpha?x=1' });
      expect([message.statusCode, message.headers.location]).toEqual([status, '/upstream/alpha/?x=1']);
    }
    expect(gateway.desk.asked).toHaveLength(0);
  });

  it('answers HEAD without a body', async () => {
    const gateway = await gatewayTo(await startUpstream((_req, res) => res.setHeader('content-length', '5').end()));
    const { message, body } = await ask(gateway.port, { method: 'HEAD', path: '/upstream/alpha/' });
    expect([message.statusCode, message.headers['content-length'], body.length]).toEqual([200, '5', 0]);
  });

  it('does not know every model', async () => {
    const gateway = await gatewayWith(noDesk());
    const { message, body } = await ask(gateway.port, { path: `/upstream/${'x/'.repeat(5000)}` });
    expect([message.statusCode, errorIn(body).code]).toEqual([404, 'model_not_found']);
  });

  it('is listed', async () => {
    const gateway = await gatewayWith(noDesk(), { config, board });
    expect(await (await fetch(`${gateway.url}/upstream`)).json()).toEqual({
      upstream: [
        { id: 'author/llama', state: 'stopped', path: '/upstream/author/llama/' },
        { id: 'qwen', state: 'ready', path: '/upstream/qwen/' },
      ],
    });
    const page = await (await fetch(`${gateway.url}/upstream/`, { headers: { accept: 'text/html' } })).text();
    expect(page).toContain('<a href="/upstream/author/llama/">author/llama (stopped)</a>');
  });
});

describe('logs', () => {
  const logs = () => {
    const models: Record<string, ReturnType<typeof textLog>> = { qwen: textLog('qwen says\n') };
    return {
      proxy: textLog('proxy line\n'),
      upstream: textLog('upstream line\n'),
      combined: textLog('both\n'),
      of: (model: string) => models[model],
    };
  };

  it('are text for curl and a page for a browser; /log leads there', async () => {
    const gateway = await gatewayWith(noDesk(), { logs: logs() });
    const text = await fetch(`${gateway.url}/log`);
    expect(text.url).toBe(`${gateway.url}/logs`);
    expect(text.headers.get('content-type')).toContain('text/plain');
    expect(await text.text()).toBe('both\n');
    const page = await fetch(`${gateway.url}/logs`, { headers: { accept: 'text/html,*/*' } });
    expect(page.headers.get('content-type')).toContain('text/html');
    expect(await page.text()).toContain('/logs/stream');
  });

  it.each([
    ['/logs/stream', 'both\n'],
    ['/logs/stream/proxy', 'proxy line\n'],
    ['/logs/stream/upstream', 'upstream line\n'],
    ['/logs/stream/gpt-4', 'qwen says\n'],
  ])('stream: %s begins with its history', async (path, history) => {
    const gateway = await gatewayWith(noDesk(), { config, logs: logs() });
    const req = begin(gateway.port, { path }).end();
    const [message] = (await once(req, 'response')) as [IncomingMessage];
    const [chunk] = (await once(message, 'data')) as [Buffer];
    expect(chunk.toString()).toBe(history);
    expect(message.headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'x-accel-buffering': 'no' });
    req.destroy();
  });

  it('stream: headers come at once, `no-history` skips to what is new, and leaving ends the subscription', async () => {
    const all = logs();
    const gateway = await gatewayWith(noDesk(), { logs: all });
    const req = begin(gateway.port, { path: '/logs/stream?no-history' }).end();
    // Nothing has been written yet: only flushed headers can get here.
    const [message] = (await once(req, 'response')) as [IncomingMessage];
    message.on('error', () => {});
    all.combined.write('new\n');
    const [chunk] = (await once(message, 'data')) as [Buffer];
    expect(chunk.toString()).toBe('new\n');
    req.destroy();
    await expect.poll(() => all.combined.listeners(), SOON).toBe(0);
  });

  it('stream: a reader that is too slow loses text and is told, instead of filling the memory', async () => {
    const all = logs();
    const gateway = await gatewayWith(noDesk(), { logs: all });
    const socket = connect(gateway.port, '127.0.0.1');
    socket.pause();
    socket.write('GET /logs/stream?no-history HTTP/1.1\r\nhost: x\r\n\r\n');
    await expect.poll(() => all.combined.listeners(), SOON).toBe(1);
    const line = `${'x'.repeat(64 * 1024 - 1)}\n`;
    const written = 400;
    for (let turn = 0; turn < written; turn += 1) all.combined.write(line);
    let bytes = 0;
    let tail = '';
    socket.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      tail = (tail + chunk.toString()).slice(-20_000);
    });
    socket.resume();
    await expect.poll(() => /— \d+ bytes dropped —/.test(tail), SOON).toBe(true);
    expect(bytes).toBeLessThan(written * line.length);
    socket.destroy();
  });

  it('stream: of an unknown model is 404, and the gateway can end them all', async () => {
    const closing = new AbortController();
    const gateway = await gatewayWith(noDesk(), { config, logs: logs(), closing: closing.signal });
    const { message, body } = await ask(gateway.port, { path: '/logs/stream/nobody' });
    expect([message.statusCode, errorIn(body).code]).toEqual([404, 'model_not_found']);
    const stream = await fetch(`${gateway.url}/logs/stream`);
    closing.abort();
    expect(await stream.text()).toBe('both\n');
  });
});

describe('actors', () => {
  const transition: Transition = { at: 1, actor: 'model:qwen', event: 'model.stop', from: 'ready', to: 'stopping' };

  it('are listed with their machines', async () => {
    const gateway = await gatewayWith(noDesk(), { board, machines: () => ({ model: { id: 'model' } }) });
    expect(await (await fetch(`${gateway.url}/api/actors`)).json()).toEqual({
      actors: [{ id: 'model:qwen' }],
      machines: { model: { id: 'model' } },
    });
  });

  it('stream their transitions as events, with a heartbeat', async () => {
    const listeners = new Set<(t: Transition) => void>();
    const journal = {
      history: () => [transition],
      subscribe(listener: (t: Transition) => void) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    };
    const gateway = await gatewayWith(noDesk(), { journal, times: { heartbeatMs: 20 } });
    const req = begin(gateway.port, { path: '/api/actors/stream' }).end();
    const [message] = (await once(req, 'response')) as [IncomingMessage];
    expect(message.headers['content-type']).toContain('text/event-stream');
    let text = '';
    message.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    message.on('error', () => {});
    await expect.poll(() => text, SOON).toContain(`event: transition\ndata: ${JSON.stringify(transition)}\n\n`);
    for (const listener of listeners) listener({ ...transition, to: 'stopped' });
    await expect.poll(() => text, SOON).toContain('"to":"stopped"}\n\n');
    await expect.poll(() => text, SOON).toContain(': still here\n\n');
    req.destroy();
    await expect.poll(() => listeners.size, SOON).toBe(0);
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
