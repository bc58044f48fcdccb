import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createPools, type Pools } from '../../../src/upstream/pools.ts';
import { OVERRUN, startOverrunServer } from '../../kit/overrun-server.ts';

const TIMEOUTS = { connectMs: 0, tlsHandshakeMs: 0, keepAliveMs: 0, responseHeaderMs: 0, idleConnectionMs: 0 };

describe('the connections to one process', () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });

  async function serve(headers: Record<string, string> = {}): Promise<number> {
    const server = createServer((req, res) => {
      if (req.url !== '/hang') res.writeHead(200, headers).end('ok');
    });
    // Node would add a hint of its own.
    server.keepAliveTimeout = 0;
    servers.push(server.listen(0, '127.0.0.1'));
    await once(server, 'listening');
    return (server.address() as { port: number }).port;
  }

  async function ask(port: number, upstream: Pools): Promise<Socket> {
    const sent = request({ port, host: 'localhost', agent: upstream.agent }).end();
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    const { socket } = response;
    response.resume();
    await once(sent, 'close');
    return socket;
  }

  it('are used again, the last one first', async () => {
    const port = await serve();
    const upstream = createPools('http:', () => ({ host: 'localhost', port }), TIMEOUTS);
    const first = await ask(port, upstream);
    expect(await ask(port, upstream)).toBe(first);
    upstream.close();
  });

  it.each([
    ['without a word of the server', {}, TIMEOUTS, 4_000],
    ['a second before the announced end', { 'keep-alive': 'timeout=3, max=100' }, TIMEOUTS, 2_000],
    ['not later when the server would wait for long', { 'keep-alive': 'timeout=75' }, TIMEOUTS, 4_000],
    ['as configured', {}, { ...TIMEOUTS, idleConnectionMs: 1_500 }, 1_500],
  ])('are given up when idle: %s', async (_, headers, timeouts, expected) => {
    const port = await serve(headers);
    const upstream = createPools('http:', () => ({ host: 'localhost', port }), timeouts);
    const socket = await ask(port, upstream);
    expect(socket.timeout).toBe(expected);
    socket.emit('timeout');
    await once(socket, 'close');
    upstream.close();
  });

  it('are not kept when the server gives them no time', async () => {
    const port = await serve({ 'keep-alive': 'timeout=1' });
    const upstream = createPools('http:', () => ({ host: 'localhost', port }), TIMEOUTS);
    const socket = await ask(port, upstream);
    expect(socket.destroyed || (await once(socket, 'close'))).toBeTruthy();
    upstream.close();
  });

  it('have no idle limit while in use', async () => {
    const port = await serve();
    const upstream = createPools('http:', () => ({ host: 'localhost', port }), TIMEOUTS);
    const socket = await ask(port, upstream);
    const hanging = request({ port, host: 'localhost', path: '/hang', agent: upstream.agent }).end();
    const broken = once(hanging, 'error');
    await once(hanging, 'socket');
    expect(hanging.socket).toBe(socket);
    expect(socket.timeout).toBe(0);
    expect(upstream.close()).toBe(true);
    await broken;
  });

  it('tell whether somebody was cut off just now', async () => {
    const port = await serve();
    const upstream = createPools('http:', () => ({ host: 'localhost', port }), TIMEOUTS);
    const hanging = request({ port, host: 'localhost', path: '/hang', agent: upstream.agent }).end();
    await once(hanging, 'socket');
    const gone = once(hanging.socket!, 'close');
    hanging.on('error', () => {}).destroy();
    await gone;
    expect(upstream.close()).toBe(true);
  });

  it.each([
    ['is free', 'keep-alive'],
    ['was closed after its answer', 'close'],
  ])('cut nobody off when a connection %s', async (_, connection) => {
    const port = await serve({ connection });
    const upstream = createPools('http:', () => ({ host: 'localhost', port }), TIMEOUTS);
    const socket = await ask(port, upstream);
    if (connection === 'close' && !socket.closed) await once(socket, 'close');
    expect(upstream.close()).toBe(false);
  });

  it('give up connecting in time', async () => {
    const server = await startOverrunServer();
    const upstream = createPools('http:', () => ({ host: 'localhost', port: server.port }), {
      ...TIMEOUTS,
      connectMs: 50,
    });
    const failed = Promise.withResolvers<NodeJS.ErrnoException>();
    for (let i = 0; i < OVERRUN; i++) {
      request({ port: server.port, host: 'localhost', agent: upstream.agent }).on('error', failed.resolve).end();
    }
    expect((await failed.promise).code).toBe('ETIMEDOUT');
    upstream.close();
    await server.stop();
  });
});
