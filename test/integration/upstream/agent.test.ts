import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import { createServer as createTlsServer, request as requestTls } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { createPools, type Pools } from '../../../src/upstream/pools.ts';
import { makeCertificate } from '../../kit/certificate.ts';
import { OVERRUN, startOverrunServer } from '../../kit/overrun-server.ts';
import { temporaryFolder } from '../../kit/temporary-folder.ts';

const TIMEOUTS = { connectMs: 0, tlsHandshakeMs: 0, keepAliveMs: 0, responseHeaderMs: 0, idleConnectionMs: 0 };

describe('the connections to one process', () => {
  const servers: TcpServer[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) {
      (server as Partial<Server>).closeAllConnections?.();
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
    const third = request({ port, host: 'localhost', agent: upstream.agent }).end();
    await once(third, 'response');
    expect(third.reusedSocket).toBe(true);
    upstream.close();
  });

  it('keep nothing of a request that is over', async () => {
    const port = await serve();
    const upstream = createPools('http:', () => ({ host: 'localhost', port }), TIMEOUTS);
    const sent = request({ port, host: 'localhost', agent: upstream.agent }).end();
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    const { socket } = response;
    expect(socket).toMatchObject({ _httpMessage: sent });
    response.resume();
    await once(sent, 'close');
    expect(socket).toMatchObject({ _httpMessage: null, destroyed: false });
    upstream.close();
  });

  it('are given up when they have been free for too long', async () => {
    const port = await serve();
    const timeouts = { ...TIMEOUTS, idleConnectionMs: 1 };
    const upstream = createPools('http:', () => ({ host: 'localhost', port }), timeouts);
    const socket = await ask(port, upstream);
    if (!socket.closed) await once(socket, 'close');
    expect(await ask(port, upstream)).not.toBe(socket);
    upstream.close();
  });

  it('are not kept when the server gives them no time', async () => {
    const port = await serve({ 'keep-alive': 'timeout=1' });
    const upstream = createPools('http:', () => ({ host: 'localhost', port }), TIMEOUTS);
    const socket = await ask(port, upstream);
    expect(socket.destroyed || (await once(socket, 'close'))).toBeTruthy();
    upstream.close();
  });

  it('are told apart: one that is in use is nobody else’s', async () => {
    const port = await serve();
    const upstream = createPools('http:', () => ({ host: 'localhost', port }), TIMEOUTS);
    const socket = await ask(port, upstream);
    const hanging = request({ port, host: 'localhost', path: '/hang', agent: upstream.agent }).end();
    const broken = once(hanging, 'error');
    await once(hanging, 'socket');
    expect(hanging.socket).toBe(socket);
    expect(await ask(port, upstream)).not.toBe(socket);
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

  it('are ended by bytes that nobody has asked for: they could be taken for the next answer', async () => {
    const whole = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
    const said = Promise.withResolvers<Socket>();
    const server = createTcpServer((socket) => {
      socket.on('error', () => {}).once('data', () => socket.write(whole, () => said.resolve(socket)));
    });
    servers.push(server.listen(0, '127.0.0.1'));
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const upstream = createPools('http:', () => ({ host: 'localhost', port }), TIMEOUTS);
    const socket = await ask(port, upstream);
    (await said.promise).write(whole);
    await once(socket, 'close');
    expect(upstream.close()).toBe(false);
  });

  it('are ended by a request that is given up before it has begun: nothing new is known of them', async () => {
    const port = await serve();
    const upstream = createPools('http:', () => ({ host: 'localhost', port }), TIMEOUTS);
    const first = await ask(port, upstream);
    const given = request({ port, host: 'localhost', agent: upstream.agent }).on('error', () => {});
    await new Promise((closed) => void given.once('close', closed).destroy());
    expect(first.destroyed).toBe(true);
    expect(await ask(port, upstream)).not.toBe(first);
    upstream.close();
  });

  it('that were upgraded count as cut when they are over, whoever ended them', async () => {
    const port = await serve();
    servers[0]!.on('upgrade', (_req, socket) => {
      socket.on('error', () => {});
      socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n');
      socket.pipe(socket);
    });
    const upstream = createPools('http:', () => ({ host: 'localhost', port }), TIMEOUTS);
    const headers = { connection: 'upgrade', upgrade: 'echo' };
    const sent = request({ port, host: 'localhost', headers, agent: upstream.agent }).end();
    const [, socket] = (await once(sent, 'upgrade')) as [IncomingMessage, Socket];
    socket.write('still here');
    expect(String((await once(socket, 'data'))[0])).toBe('still here');
    const gone = once(socket, 'close');
    socket.destroy();
    await gone;
    expect(upstream.close()).toBe(true);
  });

  it('over TLS take up the session of the last one', async () => {
    const { certFile, keyFile } = makeCertificate(temporaryFolder(), 'upstream');
    const server = createTlsServer({ cert: readFileSync(certFile), key: readFileSync(keyFile) }, (_req, res) =>
      res.writeHead(200, { connection: 'close' }).end('ok'),
    );
    servers.push(server.listen(0, '127.0.0.1'));
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const upstream = createPools('https:', () => ({ host: 'localhost', port }), TIMEOUTS);
    const isReused = async (): Promise<boolean> => {
      const options = { port, host: 'localhost', rejectUnauthorized: false, agent: upstream.agent };
      const sent = requestTls(options).end();
      const [response] = (await once(sent, 'response')) as [IncomingMessage];
      const reused = (response.socket as TLSSocket).isSessionReused();
      response.resume();
      await once(sent, 'close');
      return reused;
    };
    expect([await isReused(), await isReused()]).toEqual([false, true]);
    upstream.close();
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
