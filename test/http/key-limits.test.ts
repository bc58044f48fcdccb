import { afterEach, describe, expect, it } from 'vitest';
import type { AllowedConfig, KeyConfig } from '../../src/config/types.ts';
import { GatewayError } from '../../src/errors.ts';
import { ask, begin, CHAT, errorIn, sendRaw, signal, SOON } from './ask.ts';
import type { Question } from './ask.ts';
import { fakeDesk, gatewayKit, httpConfig, keyConfig, modelConfig, peerConfig, waitForAbort } from './fake-gateway.ts';
import type { FakeGateway } from './fake-gateway.ts';
import { bodyOf, echo, startUpstream } from './fake-upstream.ts';
import { readEvents } from './sse.ts';

const { gatewayTo, gatewayWith, keep, closeAll } = gatewayKit();
afterEach(closeAll);

const KEY = { 'x-api-key': 'k' };
const OTHER = { 'x-api-key': 'other' };

function configWith(concurrencyLimit: number, more: Partial<KeyConfig> = {}, peerPort = 1) {
  return httpConfig([modelConfig('alpha'), modelConfig('beta'), modelConfig('comfyui_auto')], {
    keys: [keyConfig('k', { name: 'alice', concurrencyLimit, ...more }), 'other'],
    peers: [peerConfig('p', ['far'], peerPort)],
    selectors: [
      {
        id: 'auto',
        strategy: 'pin',
        targets: [
          { kind: 'model', model: 'beta', name: 'beta' },
          { kind: 'model', model: 'alpha', name: 'alpha' },
        ],
        spillover: 1,
        name: '',
        description: '',
        unlisted: false,
        metadata: {},
      },
    ],
    logRequests: true,
  });
}

function chat(headers: Record<string, string> = KEY, model = 'alpha'): Question {
  return { ...CHAT, headers, body: JSON.stringify({ model }) };
}

/** A request that is not answered until its client leaves. */
function open(gateway: FakeGateway, question: Question) {
  const req = begin(gateway.port, question);
  req.on('error', () => {});
  req.end(question.body);
  return req;
}

async function codeOf(gateway: FakeGateway, question: Question): Promise<string> {
  const { message, body } = await ask(gateway.port, question);
  return message.statusCode === 200 ? '200' : `${message.statusCode} ${errorIn(body).code}`;
}

describe('X1: concurrencyLimit of a key', () => {
  it('X1: counts who waits, for whatever model; the next one gets 429, and other keys notice nothing', async () => {
    const upstream = keep(await startUpstream(echo));
    const desk = fakeDesk(({ model }, leave) => (model === 'beta' ? waitForAbort(leave) : upstream.upstream));
    const gateway = await gatewayWith(desk, { config: configWith(2) });
    const first = open(gateway, chat(KEY, 'beta'));
    open(gateway, { path: '/upstream/beta/props', headers: KEY });
    await expect.poll(() => desk.asked.length, SOON).toBe(2);
    const { message, body } = await ask(gateway.port, { ...chat(), headers: { ...KEY, accept: 'text/html' } });
    expect(message.statusCode).toBe(429);
    expect(message.headers['retry-after']).toBe('1');
    expect(errorIn(body)).toEqual({
      message: expect.stringContaining('concurrencyLimit') as string,
      type: 'rate_limit_error',
      param: null,
      code: 'concurrency_limit',
    });
    expect(await codeOf(gateway, chat(OTHER))).toBe('200');
    first.destroy();
    await expect.poll(() => codeOf(gateway, chat()), SOON).toBe('200');
  });

  it.each<[string, Question]>([
    ['a chat', chat()],
    [
      'a form',
      { ...chat(), headers: { ...KEY, 'content-type': 'application/x-www-form-urlencoded' }, body: 'model=alpha' },
    ],
    ['a query', { path: '/props?model=alpha', headers: KEY }],
    ['a chat with a selector', chat(KEY, 'auto')],
    ['a passage', { path: '/upstream/alpha/props', headers: KEY }],
    ['a passage that is not watched', { path: '/upstream/alpha/other', headers: KEY }],
    ['/comfyui', { path: '/comfyui/', headers: KEY }],
    ['a chat with a peer', chat(KEY, 'p/far')],
    ['a passage to a peer', { path: '/upstream/p/far/props', headers: KEY }],
  ])('X1: counts %s while it is served, and is free for the next one after it', async (_what, question) => {
    const asked = signal();
    const answer = signal();
    const upstream = await startUpstream((req, res) => {
      asked.set();
      void bodyOf(req).then(() => answer.done.then(() => res.end('{}')));
    });
    const gateway = await gatewayTo(upstream, { config: configWith(1, {}, upstream.upstream.target.port) });
    const served = ask(gateway.port, question);
    await asked.done;
    expect(await codeOf(gateway, question)).toBe('429 concurrency_limit');
    expect(await codeOf(gateway, chat())).toBe('429 concurrency_limit');
    // Lists and operations take no place.
    for (const path of ['/v1/models', '/running', '/api/queue']) {
      expect((await ask(gateway.port, { path, headers: KEY })).message.statusCode).toBe(200);
    }
    answer.set();
    expect((await served).message.statusCode).toBe(200);
    for (let turn = 0; turn < 3; turn += 1) expect(await codeOf(gateway, question)).toBe('200');
  });

  it('X1: counts a WebSocket until it is closed', async () => {
    const upgraded = signal();
    const upstream = await startUpstream(echo);
    upstream.server.on('upgrade', (_req, socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
      socket.on('error', () => {});
      upgraded.set();
    });
    const gateway = await gatewayTo(upstream, { config: configWith(1), times: { halfCloseMs: 50 } });
    const headers = { ...KEY, connection: 'Upgrade', upgrade: 'websocket' };
    const socket = begin(gateway.port, { path: '/upstream/alpha/ws', headers });
    socket.on('error', () => {});
    socket.end();
    await upgraded.done;
    expect(await codeOf(gateway, chat())).toBe('429 concurrency_limit');
    const lines = 'GET /upstream/alpha/ws HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n';
    const refused = await sendRaw(gateway.port, `${lines}x-api-key: k\r\n\r\n`);
    expect(refused).toMatch(/^HTTP\/1\.1 429 /);
    expect(refused).toContain('retry-after: 1');
    socket.destroy();
    await expect.poll(() => codeOf(gateway, chat()), SOON).toBe('200');
    expect(gateway.log.join('\n')).toMatch(/^WEBSOCKET \/upstream\/alpha\/ws \d+B \d+ms model=alpha key=alice id=/m);
  });

  it('X1: gives the place back however the request ends', async () => {
    const upstream = await startUpstream((req, res) => {
      if (req.url === '/v1/embeddings')
        res.writeHead(200, { 'content-length': 99 }).write('half', () => req.socket.destroy());
      else if (req.url === '/v1/rerank') req.socket.destroy();
      else echo(req, res);
    });
    keep(upstream);
    const desk = fakeDesk(({ model }) => {
      if (model === 'beta') throw new GatewayError('model_start_failed', 'broken');
      return upstream.upstream;
    });
    const none: AllowedConfig = { models: ['alpha', 'beta'], peerModels: [], peers: [], selectors: [] };
    const gateway = await gatewayWith(desk, { config: configWith(1, { allowed: none }) });
    for (let turn = 0; turn < 3; turn += 1) {
      expect(await codeOf(gateway, chat(KEY, 'beta'))).toBe('503 model_start_failed');
      expect(await codeOf(gateway, chat(KEY, 'nobody'))).toBe('404 model_not_found');
      expect(await codeOf(gateway, chat(KEY, 'p/far'))).toBe('403 model_not_allowed');
      expect(await codeOf(gateway, { ...chat(), body: '{"model":7}' })).toBe('400 bad_request');
      expect(await codeOf(gateway, { ...chat(), path: '/v1/rerank' })).toBe('502 upstream_closed');
      await expect(ask(gateway.port, { ...chat(), path: '/v1/embeddings' })).rejects.toThrow('aborted');
      await expect.poll(() => codeOf(gateway, chat()), SOON).toBe('200');
    }
  });

  it('X1: counts a request once, however many targets of a selector it is sent to', async () => {
    const upstream = keep(await startUpstream(echo));
    const desk = fakeDesk(({ model }) => {
      if (model === 'beta') throw new GatewayError('model_start_failed', 'broken');
      return upstream.upstream;
    });
    const gateway = await gatewayWith(desk, { config: configWith(1) });
    expect(await codeOf(gateway, chat(KEY, 'auto'))).toBe('200');
    expect(desk.asked.map(({ model }) => model)).toEqual(['beta', 'alpha']);
  });

  it('X1: a stream counts to its end, and a client that leaves it is counted no longer', async () => {
    const upstream = await startUpstream((req, res) => {
      if (req.url !== '/v1/chat/completions') return echo(req, res);
      res.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: {}\n\n');
    });
    const gateway = await gatewayTo(upstream, { config: configWith(1) });
    const completion = { ...chat(), path: '/v1/completions' };
    const reader = await readEvents(gateway.port, chat());
    await reader.until('data: {}');
    expect(await codeOf(gateway, completion)).toBe('429 concurrency_limit');
    reader.req.destroy();
    await expect(reader.end).rejects.toThrow('aborted');
    await expect.poll(() => codeOf(gateway, completion), SOON).toBe('200');
  });
});
