import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createPeerUpstream } from '../../src/actors/peer-upstream.ts';
import { createPeerDesk } from '../../src/dispatch/peer-desk.ts';
import { ask, begin, errorIn, post, sendRaw } from './ask.ts';
import { gatewayKit, httpConfig, modelConfig, peerConfig } from './fake-gateway.ts';
import { bodyOf, echo, startUpstream } from './fake-upstream.ts';
import type { Echo, FakeUpstream } from './fake-upstream.ts';
import { noDesk } from './samples.ts';

const { gatewayWith, keep, closeAll } = gatewayKit();
afterEach(closeAll);

const portOf = (upstream: FakeUpstream): number => upstream.upstream.target.port;

async function startPeer(listener = echo): Promise<FakeUpstream> {
  return keep(await startUpstream(listener));
}

async function seenBy(answer: Promise<Response>): Promise<Echo> {
  return (await (await answer).json()) as Echo;
}

describe('a model of a peer', () => {
  it.each([
    ['east/gpt', 'gpt'],
    ['gpt', 'gpt'],
    ['east/org/big', 'org/big'],
  ])('is asked for as %s, and the peer is told %s; nothing is loaded for it', async (name, told) => {
    const config = httpConfig([], { peers: [peerConfig('east', ['gpt', 'org/big'], portOf(await startPeer()))] });
    const gateway = await gatewayWith(noDesk(), { config });
    const seen = await seenBy(post(`${gateway.url}/v/chat/completions?x=1`, `{"model": "${name}", "seed":1}`));
    expect(seen).toMatchObject({ url: '/chat/completions?x=1', body: `{"model": "${told}", "seed":1}` });
    expect(gateway.desk.asked).toEqual([]);
  });

  it('is found in a query, where its full name loses the peer', async () => {
    const config = httpConfig([], { peers: [peerConfig('east', ['gpt'], portOf(await startPeer()))] });
    const gateway = await gatewayWith(noDesk(), { config });
    expect((await seenBy(fetch(`${gateway.url}/props?model=east%2Fgpt&a=b`))).url).toBe('/props?model=gpt&a=b');
  });

  it('hides behind a local one of the same name, but not in full', async () => {
    const peer = peerConfig('east', ['alpha'], portOf(await startPeer()));
    const gateway = await gatewayWith(noDesk(), { config: httpConfig([modelConfig('alpha')], { peers: [peer] }) });
    expect((await seenBy(post(`${gateway.url}/v1/completions`, '{"model":"east/alpha"}'))).body).toBe(
      '{"model":"alpha"}',
    );
    expect(gateway.desk.asked).toEqual([]);
    const local = begin(gateway.port, { method: 'POST', path: '/v1/completions' }).on('error', () => {});
    local.end('{"model":"alpha"}');
    await expect.poll(() => gateway.desk.asked).toEqual([{ unit: 'model:alpha', model: 'alpha' }]);
    local.destroy();
  });

  it('gets another 404 when several peers have it', async () => {
    const peers = [peerConfig('east', ['gpt'], 1), peerConfig('west', ['gpt'], 2)];
    const gateway = await gatewayWith(noDesk(), { config: httpConfig([], { peers }) });
    const response = await post(`${gateway.url}/v1/completions`, '{"model":"gpt"}');
    expect(response.status).toBe(404);
    expect(errorIn(await response.text())).toMatchObject({
      code: 'model_not_found',
      message: expect.stringContaining("'east/gpt' or 'west/gpt'") as string,
    });
  });

  it('sees the Host of the peer, no trace of other proxies, and a base path', async () => {
    const peer = peerConfig('east', ['gpt'], portOf(await startPeer()));
    const base = { ...peer, upstream: { ...peer.upstream, basePath: '/api' } };
    const gateway = await gatewayWith(noDesk(), { config: httpConfig([], { peers: [base] }) });
    const headers = {
      host: 'gateway.example',
      forwarded: 'for=1.2.3.4',
      'x-forwarded-for': '1.2.3.4',
      'x-forwarded-host': 'a',
      'x-forwarded-proto': 'https',
      authorization: 'Bearer theirs',
    };
    const { body } = await ask(gateway.port, {
      method: 'POST',
      path: '/v1/completions',
      headers,
      body: '{"model":"gpt"}',
    });
    const seen = JSON.parse(body.toString()) as Echo;
    expect(seen.url).toBe('/api/v1/completions');
    expect(seen.headers).toMatchObject({ host: `127.0.0.1:${peer.upstream.port}`, authorization: 'Bearer theirs' });
    expect(Object.keys(seen.headers).filter((name) => name.includes('forwarded'))).toEqual([]);
  });

  it.each([{ keys: [] }, { keys: ['ours'] }])(
    "X1: gets the peer's key in place of the client's (%o)",
    async ({ keys }) => {
      const peer = peerConfig('east', ['gpt'], portOf(await startPeer()), { apiKey: 'peers' });
      const gateway = await gatewayWith(noDesk(), { config: httpConfig([], { peers: [peer], keys }) });
      const headers = { authorization: 'Bearer ours', 'x-api-key': 'ours' };
      for (const path of ['/v1/completions', '/upstream/gpt/v1/completions']) {
        const seen = await seenBy(post(`${gateway.url}${path}`, '{"model":"gpt"}', headers));
        expect(seen.headers).toMatchObject({ authorization: 'Bearer peers', 'x-api-key': 'peers' });
        expect(JSON.stringify(seen)).not.toContain('ours');
      }
    },
  );

  it("X1: a peer without a key does not get the client's", async () => {
    const peer = peerConfig('east', ['gpt'], portOf(await startPeer()));
    const gateway = await gatewayWith(noDesk(), { config: httpConfig([], { peers: [peer], keys: ['ours'] }) });
    const seen = await seenBy(post(`${gateway.url}/v1/completions`, '{"model":"gpt"}', { 'x-api-key': 'ours' }));
    expect(JSON.stringify(seen)).not.toContain('ours');
  });

  it('filters go by the name as it was asked for, before the peer is cut off', async () => {
    const filters = {
      stripParams: ['top_k'],
      setParams: { user: 'gateway' },
      setParamsById: { 'east/gpt': { effort: 'high' }, gpt: { effort: 'low' } },
    };
    const peer = peerConfig('east', ['gpt'], portOf(await startPeer()), { filters });
    const gateway = await gatewayWith(noDesk(), { config: httpConfig([], { peers: [peer] }) });
    const ask = async (model: string): Promise<string> =>
      (await seenBy(post(`${gateway.url}/v1/completions`, `{"model":"${model}","top_k":4}`))).body;
    expect(await ask('east/gpt')).toBe('{"model":"gpt","user":"gateway","effort":"high"}');
    expect(await ask('gpt')).toBe('{"model":"gpt","user":"gateway","effort":"low"}');
  });

  it('marks an event stream for proxies in front', async () => {
    const upstream = await startPeer((_req, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' }).end('data: [DONE]\n\n');
    });
    const gateway = await gatewayWith(noDesk(), {
      config: httpConfig([], { peers: [peerConfig('e', ['m'], portOf(upstream))] }),
    });
    const response = await post(`${gateway.url}/v1/completions`, '{"model":"m"}');
    expect(response.headers.get('x-accel-buffering')).toBe('no');
    expect(await response.text()).toBe('data: [DONE]\n\n');
  });

  it('is asked once; that it cannot be reached is a 502 that names it', async () => {
    const upstream = await startPeer();
    const config = httpConfig([], { peers: [peerConfig('east', ['gpt'], portOf(upstream))] });
    const gateway = await gatewayWith(noDesk(), { config });
    await upstream.close();
    const response = await post(`${gateway.url}/v1/completions`, '{"model":"gpt"}');
    expect(response.status).toBe(502);
    expect(errorIn(await response.text()).message).toMatch(/^peer proxy error: east: .*ECONNREFUSED/);
  });

  it('hangs up before it answers: once asked, it is not asked again', async () => {
    let asked = 0;
    const upstream = await startPeer((req) => {
      asked += 1;
      req.socket.destroy();
    });
    const gateway = await gatewayWith(noDesk(), {
      config: httpConfig([], { peers: [peerConfig('e', ['m'], portOf(upstream))] }),
    });
    expect((await post(`${gateway.url}/v1/completions`, '{"model":"m"}')).status).toBe(502);
    expect(asked).toBe(1);
  });

  it('has its own time for response headers', async () => {
    const upstream = await startPeer(() => {});
    const timeouts = { connectMs: 0, tlsHandshakeMs: 0, keepAliveMs: 0, responseHeaderMs: 20, idleConnectionMs: 0 };
    const peer = peerConfig('east', ['gpt'], portOf(upstream), { timeouts });
    const gateway = await gatewayWith(noDesk(), { config: httpConfig([], { peers: [peer] }) });
    const response = await post(`${gateway.url}/v1/completions`, '{"model":"gpt"}');
    expect(response.status).toBe(504);
    expect(errorIn(await response.text()).message).toContain('peer proxy error: east');
  });
});

describe("the environment's proxy", () => {
  afterEach(() => void vi.unstubAllEnvs());

  it.each([
    ['peer.invalid', 'http://peer.invalid/v1/completions'],
    ['127.0.0.1', '/v1/completions'],
  ])('stands between the gateway and a peer, but not on this machine (%s)', async (hostname, url) => {
    const proxy = await startPeer();
    const port = portOf(proxy);
    vi.stubEnv('HTTP_PROXY', `http://127.0.0.1:${port}`);
    const peer = peerConfig('east', ['gpt'], port);
    const upstream = { ...peer.upstream, hostname, port: hostname === '127.0.0.1' ? port : 80 };
    const gateway = await gatewayWith(noDesk(), { config: httpConfig([], { peers: [{ ...peer, upstream }] }) });
    const seen = await seenBy(post(`${gateway.url}/v1/completions`, '{"model":"gpt"}'));
    expect(seen).toMatchObject({ url, body: '{"model":"gpt"}' });
  });
});

describe('below /upstream', () => {
  it('a `model` that is the full name loses the peer, any other stays', async () => {
    const peer = peerConfig('east', ['gpt'], portOf(await startPeer()));
    const gateway = await gatewayWith(noDesk(), { config: httpConfig([], { peers: [peer] }) });
    const through = async (path: string, model: string): Promise<string> =>
      (await seenBy(post(`${gateway.url}/upstream/${path}/v1/x%2Fy`, `{"model":"${model}"}`))).body;
    expect(await through('east/gpt', 'east/gpt')).toBe('{"model":"gpt"}');
    expect(await through('east/gpt', 'other')).toBe('{"model":"other"}');
    expect(await through('gpt', 'east/gpt')).toBe('{"model":"east/gpt"}');
    expect((await seenBy(fetch(`${gateway.url}/upstream/east/gpt/a%2Fb?model=east%2Fgpt`))).url).toBe(
      '/a%2Fb?model=gpt',
    );
  });

  it('streams what it need not read', async () => {
    const upstream = await startPeer((req, res) => {
      res.flushHeaders();
      void bodyOf(req).then((body) => res.end(body));
    });
    const peer = peerConfig('east', ['gpt'], portOf(upstream));
    const gateway = await gatewayWith(noDesk(), { config: httpConfig([], { peers: [peer] }) });
    const headers = { 'content-type': 'application/octet-stream' };
    const req = begin(gateway.port, { method: 'POST', path: '/upstream/east/gpt/upload', headers });
    req.write('first');
    // The answer begins while the body is still under way.
    const [message] = (await once(req, 'response')) as [IncomingMessage];
    req.end(' last');
    expect((await bodyOf(message)).toString()).toBe('first last');
  });

  it('a WebSocket reaches a peer', async () => {
    const upstream = await startPeer();
    upstream.server.on('upgrade', (req, socket) => {
      const host = String(req.headers.host);
      socket.end(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nx-seen: ${req.url} ${host}\r\n\r\n`,
      );
    });
    const gateway = await gatewayWith(noDesk(), {
      config: httpConfig([], { peers: [peerConfig('e', ['m'], portOf(upstream))] }),
    });
    const lines = 'GET /upstream/e/m/ws HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n';
    expect(await sendRaw(gateway.port, lines)).toContain(`x-seen: /ws 127.0.0.1:${portOf(upstream)}`);
  });
});

it('a shutdown lets a request to a peer end, refuses new ones, and then cuts', async () => {
  const upstream = await startPeer((_req, res) => res.writeHead(200).write('begun'));
  const config = httpConfig([], { peers: [peerConfig('e', ['m'], portOf(upstream))] });
  const peers = createPeerDesk(config.peers, createPeerUpstream);
  const gateway = await gatewayWith(noDesk(), { config, peers });
  const streaming = await post(`${gateway.url}/v1/completions`, '{"model":"m"}');
  const halting = peers.halt(50);
  const refused = await post(`${gateway.url}/v1/completions`, '{"model":"m"}');
  expect(refused.status).toBe(503);
  expect(errorIn(await refused.text()).code).toBe('shutting_down');
  await halting;
  await expect(streaming.text()).rejects.toThrow('terminated');
});
