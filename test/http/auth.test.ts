import { afterEach, describe, expect, it } from 'vitest';
import { ask, errorIn, post, sendRaw } from './ask.ts';
import { gatewayKit, httpConfig, modelConfig } from './fake-gateway.ts';
import { echo, startUpstream } from './fake-upstream.ts';
import type { Echo } from './fake-upstream.ts';
import { noDesk } from './samples.ts';

const { gatewayTo, gatewayWith, closeAll } = gatewayKit();
afterEach(closeAll);

const models = [modelConfig('alpha'), modelConfig('comfyui_auto')];
const locked = httpConfig(models, { keys: ['first-key', 'second:key'], logRequests: true });

function basic(password: string, user = 'anyone'): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

describe('with apiKeys', () => {
  it.each<[string, Record<string, string>]>([
    ['Bearer', { authorization: 'Bearer first-key' }],
    ['bEARER', { authorization: 'bEARER second:key' }],
    ['x-api-key', { 'x-api-key': 'first-key' }],
    ['the password of Basic, whoever the user', { authorization: basic('first-key') }],
    ['bASIC, with a colon in the password', { authorization: basic('second:key').replace('Basic', 'bASIC') }],
    ['Basic before x-api-key', { authorization: basic('first-key'), 'x-api-key': 'wrong' }],
    ['Bearer before x-api-key', { authorization: 'Bearer first-key', 'x-api-key': 'wrong' }],
    ['x-api-key after a Basic that is malformed', { authorization: 'Basic ???', 'x-api-key': 'first-key' }],
    ['x-api-key after a Basic without a colon', { authorization: 'Basic Zm9v', 'x-api-key': 'first-key' }],
    ['x-api-key after a Basic with an empty password', { authorization: basic(''), 'x-api-key': 'first-key' }],
    ['x-api-key after a scheme that nobody knows', { authorization: 'Digest x', 'x-api-key': 'first-key' }],
  ])('lets in: %s', async (_what, headers) => {
    const gateway = await gatewayWith(noDesk(), { config: locked });
    expect((await ask(gateway.port, { path: '/v1/models', headers })).message.statusCode).toBe(200);
  });

  it.each<[string, Record<string, string>]>([
    ['no key', {}],
    ['an empty one', { 'x-api-key': '' }],
    ['a part of one', { 'x-api-key': 'first' }],
    ['one and more', { 'x-api-key': 'first-key2' }],
    ['two at once', { 'x-api-key': 'first-key, second:key' }],
    ['a wrong Basic, although x-api-key is right', { authorization: basic('wrong'), 'x-api-key': 'first-key' }],
    ['a wrong Bearer, although x-api-key is right', { authorization: 'Bearer wrong', 'x-api-key': 'first-key' }],
    ['the key as the user', { authorization: basic('', 'first-key') }],
  ])('refuses %s', async (_what, headers) => {
    const gateway = await gatewayWith(noDesk(), { config: locked });
    const { message, body } = await ask(gateway.port, { path: '/v1/models', headers });
    expect(message.statusCode).toBe(401);
    expect(message.headers['www-authenticate']).toBe('Basic realm="llama-swap"');
    expect(errorIn(body)).toMatchObject({ type: 'authentication_error', code: 'unauthorized' });
  });

  it.each([
    ['POST', '/v1/chat/completions'],
    ['GET', '/props?model=alpha'],
    ['GET', '/v1/models'],
    ['GET', '/models'],
    ['GET', '/running'],
    ['GET', '/unload'],
    ['GET', '/logs'],
    ['GET', '/logs/stream'],
    ['GET', '/upstream'],
    ['GET', '/upstream/alpha/'],
    ['POST', '/upstream/alpha/v1/completions'],
    ['GET', '/comfyui'],
    ['GET', '/comfyui/'],
    ['GET', '/api/actors'],
    ['GET', '/api/actors/stream'],
    ['GET', '/api/profiles'],
    ['PUT', '/api/profiles/active'],
    ['POST', '/api/models/unload'],
    ['POST', '/api/models/unload/alpha'],
    ['POST', '/api/models/load/alpha'],
  ])('%s %s needs a key', async (method, path) => {
    const gateway = await gatewayWith(noDesk(), { config: locked });
    const { message } = await ask(gateway.port, { method, path, body: method === 'GET' ? '' : '{"model":"alpha"}' });
    expect(message.statusCode).toBe(401);
    expect(gateway.desk.asked).toEqual([]);
  });

  it.each([
    ['GET', '/health', 200],
    ['GET', '/wol-health', 200],
    ['GET', '/', 200],
    ['GET', '/ui', 307],
    ['GET', '/ui/models', 307],
    ['GET', '/favicon.ico', 204],
    ['OPTIONS', '/v1/chat/completions', 204],
    ['GET', '/nothing', 404],
    ['GET', '/v1/chat/completions', 405],
    ['POST', '/v1//models', 307],
  ])('%s %s needs none', async (method, path, status) => {
    const gateway = await gatewayWith(noDesk(), { config: locked });
    expect((await ask(gateway.port, { method, path })).message.statusCode).toBe(status);
  });

  it('a request without a key does not get to send its body first', async () => {
    const gateway = await gatewayWith(noDesk(), { config: locked });
    const head = 'POST /v1/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\nconnection: close\r\n\r\n';
    expect(await sendRaw(gateway.port, head)).toMatch(/^HTTP\/1\.1 401 /);
  });

  it("X1: the client's key goes to no upstream and into no log", async () => {
    const gateway = await gatewayTo(await startUpstream(echo), { config: locked });
    for (const path of ['/v1/completions', '/upstream/alpha/v1/completions']) {
      const headers = { authorization: 'Bearer first-key', 'x-api-key': 'first-key' };
      const response = await post(`${gateway.url}${path}`, '{"model":"alpha"}', headers);
      const seen = (await response.json()) as Echo;
      expect(seen.headers).not.toHaveProperty('authorization');
      expect(seen.headers).not.toHaveProperty('x-api-key');
      expect(JSON.stringify(seen)).not.toContain('first-key');
    }
    await gateway.desk.allBack();
    expect(gateway.log.join('\n')).not.toContain('first-key');
  });

  it('X1: a WebSocket needs a key, and its upstream does not get it', async () => {
    const upstream = await startUpstream(echo);
    const seen: unknown[] = [];
    upstream.server.on('upgrade', (req, socket) => {
      seen.push(req.headers.authorization, req.headers['x-api-key']);
      socket.end('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
    });
    const gateway = await gatewayTo(upstream, { config: locked });
    const lines = 'GET /upstream/alpha/ws HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n';
    const refused = await sendRaw(gateway.port, `${lines}\r\n`);
    expect(refused).toMatch(/^HTTP\/1\.1 401 /);
    expect(refused).toContain('www-authenticate: Basic realm="llama-swap"');
    const key = 'authorization: Bearer first-key\r\nx-api-key: first-key\r\n';
    expect(await sendRaw(gateway.port, `${lines}${key}\r\n`)).toMatch(/^HTTP\/1\.1 101 /);
    expect(seen).toEqual([undefined, undefined]);
  });
});

it('without apiKeys nobody is asked, and what a client sends is meant for the upstream', async () => {
  const gateway = await gatewayTo(await startUpstream(echo));
  const headers = { authorization: 'Bearer theirs', 'x-api-key': 'theirs' };
  const response = await post(`${gateway.url}/v1/completions`, '{"model":"alpha"}', headers);
  expect(((await response.json()) as Echo).headers).toMatchObject(headers);
});
