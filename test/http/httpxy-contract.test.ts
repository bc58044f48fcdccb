import { Readable } from 'node:stream';
import { createProxyMiddleware } from 'http-proxy-middleware';
import { afterEach, describe, expect, it } from 'vitest';
import { bufferShim } from '../../src/http/forward/buffer-shim.ts';
import { CHAT, ask } from './ask.ts';
import { gatewayKit } from './fake-gateway.ts';
import { bodyOf, echo, startUpstream } from './fake-upstream.ts';
import type { Echo } from './fake-upstream.ts';

const { gatewayTo, keep, closeAll } = gatewayKit();
afterEach(closeAll);

/** Without connections of our own, so that http-proxy-middleware forwards whole requests too. */
const BY_PROXY = { ownConnections: false };

/** What the forwarding relies on beyond the typed contract of http-proxy-middleware and httpxy. */
describe('httpxy', () => {
  it('calls `pipe` of the buffer option, once, with its request, and nothing else of it', async () => {
    const used: string[] = [];
    const upstream = keep(await startUpstream(echo));
    const middleware = createProxyMiddleware({
      ejectPlugins: true,
      plugins: [(server) => server.on('error', () => {})],
      router: (_req, _res, options) => {
        options.agent = upstream.upstream.agent;
        options.buffer = new Proxy(bufferShim([Buffer.from('in '), Buffer.from('pieces')]), {
          get(target, name, receiver) {
            used.push(String(name));
            return Reflect.get(target, name, receiver) as unknown;
          },
          getPrototypeOf: (target) => Reflect.getPrototypeOf(target),
        });
        return upstream.upstream.target;
      },
    });
    const front = keep(
      await startUpstream((req, res) => {
        req.headers['content-length'] = '9';
        // A body that has been read is what the option is for.
        void bodyOf(req).then(() => middleware(req, res));
      }),
    );
    const { body } = await ask(front.upstream.target.port, { ...CHAT, body: 'was read before' });
    expect((JSON.parse(body.toString()) as Echo).body).toBe('in pieces');
    expect(used).toEqual(['pipe']);
    expect(bufferShim([])).not.toBeInstanceOf(Readable);
  });

  it('copies headers after `proxyRes`, and only those that can be enumerated', async () => {
    const upstream = await startUpstream((_req, res) => {
      res.writeHead(200, { 'keep-alive': 'timeout=2', 'x-request-id': 'theirs', 'x-kept': '1' }).end();
    }, BY_PROXY);
    const gateway = await gatewayTo(upstream);
    const { message } = await ask(gateway.port, { ...CHAT, headers: { 'x-request-id': 'ours' } });
    expect(message.headers['x-request-id']).toBe('ours');
    expect(message.headers['x-kept']).toBe('1');
    expect(message.headers['keep-alive'] ?? '').not.toContain('timeout=2');
  });

  it('lets the agent still see how long the upstream keeps a connection', async () => {
    const connections = new Set<unknown>();
    let seconds = 1;
    const upstream = await startUpstream((req, res) => {
      connections.add(req.socket);
      res.writeHead(200, { 'keep-alive': `timeout=${seconds}` }).end();
    }, BY_PROXY);
    const gateway = await gatewayTo(upstream);
    await ask(gateway.port, CHAT);
    seconds = 5;
    await ask(gateway.port, CHAT);
    await ask(gateway.port, CHAT);
    expect(connections.size).toBe(2);
  });
});
