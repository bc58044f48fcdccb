import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import type { UpstreamAgent } from '../../../src/upstream/agent.ts';
import { createProxiedAgent, namesProxy } from '../../../src/upstream/proxied-agent.ts';
import { createRoom } from '../../../src/upstream/room.ts';

const TIMEOUTS = { connectMs: 0, tlsHandshakeMs: 0, keepAliveMs: 0, responseHeaderMs: 0, idleConnectionMs: 0 };

let proxy: Server | null = null;
afterEach(() => {
  proxy?.closeAllConnections();
  proxy?.close();
});

/** An agent whose proxy answers everything itself. */
async function agentOf(headers: Record<string, string> = {}, timeouts = TIMEOUTS): Promise<UpstreamAgent> {
  const server = createServer((req, res) => {
    if (req.url !== 'http://far.invalid/hang') res.writeHead(200, headers).end(req.url);
  });
  server.keepAliveTimeout = 0;
  proxy = server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const env = { HTTP_PROXY: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
  const pool: UpstreamAgent = createProxiedAgent(
    'http:',
    timeouts,
    createRoom(() => pool.dropFree()),
    env,
  );
  return pool;
}

async function ask({ agent }: UpstreamAgent): Promise<Socket> {
  const sent = request({ host: 'far.invalid', path: '/x', agent }).end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const { socket } = response;
  expect(String((await response.toArray())[0])).toBe('http://far.invalid/x');
  if (!sent.closed) await once(sent, 'close');
  return socket;
}

it('a connection through a proxy is used again, and ended with the others', async () => {
  const pool = await agentOf();
  const first = await ask(pool);
  expect(await ask(pool)).toBe(first);
  expect(pool.close()).toBe(false);
  if (!first.closed) await once(first, 'close');
  await expect(ask(pool)).rejects.toThrow('the upstream is being stopped');
});

it.each([
  ['without a word of the server', {}, TIMEOUTS, 4_000],
  ['a second before the announced end', { 'keep-alive': 'max=100, timeout=3' }, TIMEOUTS, 2_000],
  ['as configured', {}, { ...TIMEOUTS, idleConnectionMs: 1_500 }, 1_500],
])('one that is free is given up: %s', async (_, headers, timeouts, expected) => {
  const pool = await agentOf(headers, timeouts);
  const socket = await ask(pool);
  expect(socket.timeout).toBe(expected);
  socket.emit('timeout');
  if (!socket.closed) await once(socket, 'close');
  pool.close();
});

it('none is kept when the server gives it no time', async () => {
  const pool = await agentOf({ 'keep-alive': 'timeout=1' });
  const socket = await ask(pool);
  if (!socket.closed) await once(socket, 'close');
  pool.close();
});

it('a request under way is cut at the end, and that is said', async () => {
  const pool = await agentOf();
  const hanging = request({ host: 'far.invalid', path: '/hang', agent: pool.agent }).end();
  const broken = once(hanging, 'error');
  await once(hanging, 'socket');
  expect(pool.close()).toBe(true);
  await broken;
});

it.each([
  ['http:', { HTTP_PROXY: 'http://p' }, true],
  ['http:', { HTTPS_PROXY: 'http://p' }, false],
  ['https:', { https_proxy: 'http://p' }, true],
  ['https:', { HTTPS_PROXY: '' }, false],
] as const)('a proxy for %s of %o: %s', (protocol, env, isNamed) => {
  expect(namesProxy(protocol, env)).toBe(isNamed);
});
