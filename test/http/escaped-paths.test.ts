import { afterEach, describe, expect, it } from 'vitest';
import type { Control } from '../../src/http/needs.ts';
import { ask, CHAT, errorIn, sendRaw, SOON } from './ask.ts';
import { gatewayKit, httpConfig, modelConfig } from './fake-gateway.ts';
import type { FakeGateway } from './fake-gateway.ts';
import { echo, startUpstream } from './fake-upstream.ts';
import type { Echo } from './fake-upstream.ts';
import { noDesk } from './samples.ts';

const { gatewayTo, gatewayWith, closeAll } = gatewayKit();
afterEach(closeAll);

const READY = { phaseOf: () => 'ready' as const, failureOf: () => null, actors: () => [] };
const models = [modelConfig('alpha'), modelConfig('x%41'), modelConfig('comfyui_auto')];

/** A gateway that notes what it is told to do. */
async function noting(overrides = {}): Promise<{ gateway: FakeGateway; done: unknown[] }> {
  const done: unknown[] = [];
  const control: Control = {
    unload: async (which) => void done.push(which),
    load: async (unit) => void done.push(unit),
  };
  return { gateway: await gatewayWith(noDesk(), { config: httpConfig(models), control, ...overrides }), done };
}

async function gatewayBefore(): Promise<FakeGateway> {
  const upstream = await startUpstream(echo);
  upstream.server.on('upgrade', (req, socket) => {
    socket.on('error', () => {});
    const head = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n';
    socket.end(`${head}x-asked: ${req.url}\r\n\r\n`);
  });
  return gatewayTo(upstream, { config: httpConfig(models), board: READY });
}

describe('a fixed path', () => {
  it.each([
    '/v1/mod%65ls',
    '/%761/%6D%6f%64els',
    '/v%31/models',
    '/mod%65ls',
    '/h%65alth',
    '/logs/stre%61m?no-history',
  ])('means the same with letters and digits escaped: %s', async (path) => {
    const { gateway } = await noting();
    expect((await ask(gateway.port, { method: 'HEAD', path })).message.statusCode).toBe(200);
  });

  it.each([
    '/v1%2Fmodels',
    '/v1%2fmodels',
    '/v1/models%2F',
    '/v1/mod%2565ls',
    '/v1/models%3Fmodel=alpha',
    '/v1/models%23',
    '/v1/models%00',
    '/v1/models%20',
    '/v1/%4DODELS',
    '/upstream%2Falpha/',
    '/%2575pstream/alpha/',
  ])('does not mean what an escape keeps apart: %s', async (path) => {
    const { gateway } = await noting();
    expect((await ask(gateway.port, { path })).message.statusCode).toBe(404);
  });

  it.each(['/%', '/%zz', '/v1/mod%6', '/v1/models%', '/v1/%u0065', '/%6 health', '/%zzpstream/alpha/'])(
    'is a 400 where a percent sign begins no escape, without a key too: %s',
    async (path) => {
      const { gateway } = await noting({ config: httpConfig(models, { keys: ['secret'] }) });
      const answer = await sendRaw(
        gateway.port,
        `GET ${path.replace(' ', '%')} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`,
      );
      expect(answer).toMatch(/^HTTP\/1\.1 400 /);
      expect(errorIn(answer.split('\r\n\r\n')[1] ?? '').code).toBe('bad_request');
    },
  );

  it('reaches a model, and the upstream and the activity get to see the plain one', async () => {
    const gateway = await gatewayBefore();
    const { message, body } = await ask(gateway.port, { ...CHAT, path: '/v1/ch%61t/completion%73?a=%65%2F' });
    expect(message.statusCode).toBe(200);
    expect((JSON.parse(body.toString()) as Echo).url).toBe('/v1/chat/completions?a=%65%2F');
    const activity = async (): Promise<unknown> =>
      JSON.parse((await ask(gateway.port, { path: '/api/m%65trics/activity' })).body.toString());
    await expect.poll(activity, SOON).toMatchObject({ data: [{ req_path: '/v1/chat/completions' }] });
  });

  it('may be part of a whole URL', async () => {
    const gateway = await gatewayBefore();
    const { body } = await ask(gateway.port, { path: 'http://any.host/%75pstream/alpha/%65?x' });
    expect((JSON.parse(body.toString()) as Echo).url).toBe('/%65?x');
    const { message } = await ask(gateway.port, { path: 'http://any.host/%63omfyui?x=1' });
    expect([message.statusCode, message.headers.location]).toEqual([301, '/comfyui/?x=1']);
    const head = 'GET http://any.host/%75pstream/alpha/ws HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\n';
    expect(await sendRaw(gateway.port, `${head}connection: upgrade\r\n\r\n`)).toContain('x-asked: /ws');
  });
});

describe('the name in a path', () => {
  it.each([
    ['/api/models/unl%6Fad/al%70ha', [['alpha']]],
    ['/api/models/unload/x%2541', [['x%41']]],
    ['/api/models/lo%61d/x%2541', ['model:x%41']],
  ])('is decoded once: %s', async (path, expected) => {
    const { gateway, done } = await noting();
    expect((await ask(gateway.port, { method: 'POST', path })).message.statusCode).toBe(200);
    expect(done).toEqual(expected);
  });

  it('is not decoded twice: what is then another name is none', async () => {
    const { gateway, done } = await noting();
    for (const path of ['/api/models/unload/al%2570ha', '/api/models/unload/x%41', '/api/inflight/%2531/cancel']) {
      expect((await ask(gateway.port, { method: 'POST', path })).message.statusCode, path).toBe(404);
    }
    expect(done).toEqual([]);
  });
});

describe('what belongs to an upstream', () => {
  it.each([
    ['/upstream/alpha', '/a%65%2Fb%7e%zz//c?%65'],
    ['/%75pstream/alpha', '/a%65%2Fb%7e%zz//c?%65'],
    ['/%75pstre%61m/al%70ha', '/%61'],
    ['/comfyui', '/vi%65w%2Fx?y=%65'],
    ['/%63omfyui', '/vi%65w%2Fx?y=%65'],
  ])('stays as it came, whatever of %s is escaped: %s', async (prefix, rest) => {
    const gateway = await gatewayBefore();
    const { body } = await ask(gateway.port, { path: prefix + rest });
    expect((JSON.parse(body.toString()) as Echo).url).toBe(rest);
  });

  it.each(['/%75pstream/alpha/w%73', '/%63omfyui/w%73'])('has WebSockets: %s', async (path) => {
    const gateway = await gatewayBefore();
    const head = `GET ${path} HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n`;
    const answer = await sendRaw(gateway.port, head);
    expect(answer).toMatch(/^HTTP\/1\.1 101 /);
    expect(answer).toContain('x-asked: /w%73');
  });
});

describe('escapes get past no guard', () => {
  it.each([
    ['GET', '/%76%31/%6d%6f%64%65%6c%73'],
    ['GET', '/unlo%61d'],
    ['GET', '/%6cogs'],
    ['GET', '/logs/strea%6D'],
    ['POST', '/v1/ch%61t/completions'],
    ['POST', '/api/models/unl%6fad/alpha'],
    ['GET', '/%75pstream/alpha/'],
    ['GET', '/%63omfyui/'],
    ['GET', '/upstre%61m'],
  ])('%s %s needs a key', async (method, path) => {
    const { gateway, done } = await noting({ config: httpConfig(models, { keys: ['secret'] }) });
    const { message } = await ask(gateway.port, { method, path, body: method === 'POST' ? CHAT.body : '' });
    expect(message.statusCode).toBe(401);
    expect(done).toEqual([]);
    expect(gateway.desk.asked).toEqual([]);
  });

  it.each(['/%75pstream/alpha/ws', '/%63omfyui/ws'])('a WebSocket at %s needs a key', async (path) => {
    const { gateway } = await noting({ config: httpConfig(models, { keys: ['secret'] }), board: READY });
    const head = `GET ${path} HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n`;
    expect(await sendRaw(gateway.port, head)).toMatch(/^HTTP\/1\.1 401 /);
  });

  it.each([
    ['GET', '/unlo%61d'],
    ['POST', '/api/models/%75nload'],
    ['POST', '/api/models/%75nload/alpha'],
    ['POST', '/api/models/lo%61d/alpha'],
  ])('a page of another site cannot make a browser send %s %s', async (method, path) => {
    const { gateway, done } = await noting();
    const headers = { origin: 'https://evil.example' };
    expect((await ask(gateway.port, { method, path, headers })).message.statusCode).toBe(403);
    expect(done).toEqual([]);
  });

  it.each(['/health/%2e%2e/unload', '/%2E%2e/unload', '/v1/%2e/models', '/%2e/upstream/alpha/x', '/v1/.%2e/unload'])(
    'an escaped dot makes no dot segment: %s is nothing',
    async (path) => {
      const { gateway, done } = await noting();
      expect((await ask(gateway.port, { path })).message.statusCode).toBe(404);
      expect(done).toEqual([]);
    },
  );

  it.each(['/%75pstream/alpha/%2e%2e/%2e%2e/unload', '/%75pstream/%2e%2e/unload', '/upstream/alpha/%2e%2e'])(
    'dot segments behind a model are refused: %s',
    async (path) => {
      const { gateway, done } = await noting();
      expect((await ask(gateway.port, { path })).message.statusCode).toBe(400);
      expect(done).toEqual([]);
    },
  );
});
