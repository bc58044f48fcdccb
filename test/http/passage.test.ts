import { afterEach, describe, expect, it } from 'vitest';
import type { Phase } from '../../machines/shared/phase.ts';
import type { Config } from '../../src/config/types.ts';
import { ask, errorIn, post, sendRaw } from './ask.ts';
import { gatewayKit, httpConfig, modelConfig, peerConfig } from './fake-gateway.ts';
import type { FakeGateway } from './fake-gateway.ts';
import { echo, startUpstream } from './fake-upstream.ts';
import type { Echo } from './fake-upstream.ts';

const { gatewayTo, keep, closeAll } = gatewayKit();
afterEach(closeAll);

const upgrade = (path: string): string =>
  `GET ${path} HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n`;

async function gatewayIn(phase: Phase, config: Config): Promise<FakeGateway> {
  const upstream = await startUpstream(echo);
  upstream.server.on('upgrade', (_req, socket) => {
    socket.on('error', () => {});
    socket.end('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
  });
  return gatewayTo(upstream, { config, board: { phaseOf: () => phase, failureOf: () => null, actors: () => [] } });
}

describe('upstream.ignorePaths', () => {
  const config = httpConfig([modelConfig('alpha')], { ignorePaths: ['\\.(js|css)$', '^/a b$'] });

  it.each(['/app.js', '/deep/style.css?v=2', '/a%20b'])('%s does not load a model that is not ready', async (rest) => {
    for (const phase of ['stopped', 'starting', 'stopping'] as const) {
      const gateway = await gatewayIn(phase, config);
      const response = await fetch(`${gateway.url}/upstream/alpha${rest}`);
      expect(response.status).toBe(409);
      expect(errorIn(await response.text())).toMatchObject({ code: 'conflict', type: 'invalid_request_error' });
      expect(gateway.desk.asked).toEqual([]);
    }
  });

  it('reaches one that is ready, and every other path loads it', async () => {
    const ready = await gatewayIn('ready', config);
    expect((await fetch(`${ready.url}/upstream/alpha/app.js`)).status).toBe(200);
    const stopped = await gatewayIn('stopped', config);
    for (const rest of ['/', '/app.json', '/x?file=app.js', '/app.js/x']) {
      expect((await fetch(`${stopped.url}/upstream/alpha${rest}`)).status).toBe(200);
    }
  });

  it('is nothing to a peer', async () => {
    const peer = keep(await startUpstream(echo));
    const peers = [peerConfig('east', ['gpt'], peer.upstream.target.port)];
    const gateway = await gatewayIn('stopped', httpConfig([], { peers, ignorePaths: ['\\.js$'] }));
    expect((await fetch(`${gateway.url}/upstream/east/gpt/app.js`)).status).toBe(200);
  });

  it('counts for WebSockets', async () => {
    const gateway = await gatewayIn('stopped', config);
    expect(await sendRaw(gateway.port, upgrade('/upstream/alpha/app.js'))).toMatch(/^HTTP\/1\.1 409 /);
  });
});

describe('/comfyui', () => {
  const config = httpConfig([modelConfig('comfyui_auto', { ignoresWebsockets: true })]);

  it.each([
    ['GET', 301],
    ['HEAD', 301],
    ['POST', 308],
  ])('%s /comfyui leads to the slash with a %i', async (method, status) => {
    const gateway = await gatewayIn('stopped', config);
    const { message } = await ask(gateway.port, { method, path: '/comfyui?a=b%2Fc' });
    expect([message.statusCode, message.headers.location]).toEqual([status, '/comfyui/?a=b%2Fc']);
  });

  it('only the root may load the model', async () => {
    const gateway = await gatewayIn('starting', config);
    expect(((await (await fetch(`${gateway.url}/comfyui/?x=1`)).json()) as Echo).url).toBe('/?x=1');
    expect((await fetch(`${gateway.url}/comfyui/prompt`)).status).toBe(409);
    expect((await post(`${gateway.url}/comfyui/prompt`, '{}')).status).toBe(409);
    expect(gateway.desk.asked).toEqual([{ unit: 'model:comfyui_auto', model: 'comfyui_auto' }]);
  });

  it.each(['/view%2Fx?y=1', '/a%252Fb', '/%E2%82%AC', '/sub//double'])('passes %s on as it is', async (path) => {
    const gateway = await gatewayIn('ready', config);
    expect(((await (await fetch(`${gateway.url}/comfyui${path}`)).json()) as Echo).url).toBe(path);
  });

  it('is nothing without a model of this gateway by that very name', async () => {
    const peers = [peerConfig('east', ['comfyui_auto'], 1)];
    for (const other of [
      httpConfig([modelConfig('alpha', { aliases: ['comfyui_auto'] })]),
      httpConfig([], { peers }),
    ]) {
      const gateway = await gatewayIn('ready', other);
      expect((await fetch(`${gateway.url}/comfyui/`)).status).toBe(404);
    }
  });

  it('has WebSockets, which do not load the model', async () => {
    expect(await sendRaw((await gatewayIn('ready', config)).port, upgrade('/comfyui/ws'))).toMatch(/^HTTP\/1\.1 101 /);
    expect(await sendRaw((await gatewayIn('stopped', config)).port, upgrade('/comfyui/ws'))).toMatch(
      /^HTTP\/1\.1 409 /,
    );
  });
});

describe('compat.ignoreWebsockets', () => {
  const config = httpConfig([modelConfig('alpha', { ignoresWebsockets: true }), modelConfig('beta')]);

  it.each(['stopped', 'starting', 'stopping'] as const)('a model that is %s stays so', async (phase) => {
    const gateway = await gatewayIn(phase, config);
    expect(await sendRaw(gateway.port, upgrade('/upstream/alpha/ws'))).toMatch(/^HTTP\/1\.1 409 /);
    expect(gateway.desk.asked).toEqual([]);
    expect(await sendRaw(gateway.port, upgrade('/upstream/beta/ws'))).toMatch(/^HTTP\/1\.1 101 /);
  });

  it('an open WebSocket holds no lease, but a stop of the model still ends it', async () => {
    const upstream = await startUpstream(echo);
    const held: number[] = [];
    upstream.server.on('upgrade', (_req, socket) => {
      socket.on('error', () => {});
      held.push(gateway.desk.held());
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
    });
    const board = { phaseOf: (): Phase => 'ready', failureOf: () => null, actors: () => [] };
    const gateway = await gatewayTo(upstream, { config, board });
    const closed = sendRaw(gateway.port, upgrade('/upstream/alpha/ws'));
    await expect.poll(() => upstream.tracked.length).toBe(1);
    expect(held).toEqual([0]);
    expect(gateway.desk).toMatchObject({ granted: 1, released: 1 });
    upstream.tracked[0]?.destroy();
    expect(await closed).toMatch(/^HTTP\/1\.1 101 /);
  });
});

describe('paths that are not clean', () => {
  it.each([
    ['/v1//models', '/v1/models'],
    ['//v1/models?a=//b', '/v1/models?a=//b'],
    ['/v1/./x/../models', '/v1/models'],
    ['/..', '/'],
    ['/logs//', '/logs/'],
  ])('%s leads to %s', async (path, location) => {
    const gateway = await gatewayIn('ready', httpConfig([modelConfig('alpha')]));
    const { message } = await ask(gateway.port, { method: 'POST', path });
    expect([message.statusCode, message.headers.location]).toEqual([307, location]);
  });

  it('belong to the upstream behind /upstream/<model>', async () => {
    const gateway = await gatewayIn('ready', httpConfig([modelConfig('alpha')]));
    const { body } = await ask(gateway.port, { path: '/upstream/alpha/a//b' });
    expect((JSON.parse(body.toString()) as Echo).url).toBe('/a//b');
  });
});
