import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { GatewayError } from '../../src/errors.ts';
import { ask, errorIn, signal, SOON } from './ask.ts';
import { fakeDesk, gatewayKit, httpConfig, modelConfig, waitForAbort } from './fake-gateway.ts';
import { echo, startUpstream } from './fake-upstream.ts';
import type { FakeUpstream } from './fake-upstream.ts';

const { gatewayTo, gatewayWith, keep, closeAll } = gatewayKit();
afterEach(closeAll);

/** For the headers of an upstream's answer. */
const LIMIT_MS = 100;

/** An upstream that agrees to any upgrade and says its path; `serve` gets the socket. */
async function upgrading(serve: (socket: Socket, head: Buffer) => void): Promise<FakeUpstream> {
  const upstream = await startUpstream(echo, { responseHeaderMs: LIMIT_MS });
  upstream.server.on('upgrade', (req, socket, head) => {
    socket.on('error', () => {});
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nx-path: ${req.url}\r\n` +
        `x-forwarded: ${String(req.headers['x-forwarded-for'])}\r\n\r\n`,
    );
    serve(socket as Socket, head);
  });
  return upstream;
}

interface Client {
  readonly socket: Socket;
  /** Resolves when the text has arrived. */
  until(text: string): Promise<string>;
  readonly closed: Promise<unknown>;
}

interface OpenOptions {
  /** Lines of further headers. */
  readonly headers?: string;
  /** Sent with the request. */
  readonly early?: string;
  readonly allowHalfOpen?: boolean;
}

function open(port: number, path: string, options: OpenOptions = {}): Client {
  const { headers = '', early = '', allowHalfOpen = false } = options;
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen });
  let text = '';
  socket.on('error', () => {});
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
    socket.emit('more');
  });
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: x\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${headers}\r\n${early}`,
  );
  return {
    socket,
    closed: new Promise((resolve) => {
      socket.on('close', resolve);
    }),
    async until(wanted) {
      while (!text.includes(wanted)) await once(socket, 'more');
      return text;
    },
  };
}

describe('a WebSocket', () => {
  it('starts its model, goes through both ways, is tracked, and holds its lease until it is closed', async () => {
    const upstream = await upgrading((socket) => socket.pipe(socket));
    const config = httpConfig([modelConfig('alpha')], { logRequests: true });
    const gateway = await gatewayTo(upstream, { config });
    const client = open(gateway.port, '/upstream/alpha/live%2Fx?y=1');
    const head = await client.until('\r\n\r\n');
    expect(head).toContain('101 Switching Protocols');
    expect(head).toContain('x-path: /live%2Fx?y=1');
    expect(head).toContain('x-forwarded: 127.0.0.1');
    client.socket.write('ping');
    await client.until('ping');
    expect(gateway.desk.held()).toBe(1);
    expect(upstream.tracked).toHaveLength(1);
    client.socket.destroy();
    await gateway.desk.allBack();
    expect(gateway.desk).toMatchObject({ granted: 1, released: 1 });
    expect(gateway.log.join()).toMatch(/^WEBSOCKET \/upstream\/alpha\/live%2Fx \d+B \d+ms model=alpha id=[\w-]+$/);
  });

  it('loses nothing of what either side says with the handshake', async () => {
    const upstream = await upgrading((socket, head) => {
      socket.write('hello from the start;');
      socket.write(head);
      socket.pipe(socket);
    });
    const gateway = await gatewayTo(upstream);
    const client = open(gateway.port, '/upstream/alpha/', { early: 'early;' });
    await client.until('hello from the start;');
    client.socket.write('late;');
    expect(await client.until('late;')).toMatch(/early;late;$/);
    client.socket.destroy();
    await gateway.desk.allBack();
  });

  it('keeps what the client says before its model is there in the order in which it came', async () => {
    const upstream = keep(await upgrading((socket) => socket.pipe(socket)));
    const asked = signal();
    const lent = signal();
    const desk = fakeDesk(async () => {
      asked.set();
      await lent.done;
      return upstream.upstream;
    });
    const gateway = await gatewayWith(desk);
    const arrived = once(gateway.server, 'upgrade') as Promise<[unknown, Socket]>;
    const client = open(gateway.port, '/upstream/alpha/', { early: 'first;' });
    const [, atGateway] = await arrived;
    await asked.done;
    client.socket.write('second;');
    await once(atGateway, 'data');
    lent.set();
    await client.until('\r\n\r\n');
    client.socket.write('third;');
    expect(await client.until('third;')).toMatch(/\r\n\r\nfirst;second;third;$/);
    client.socket.destroy();
    await desk.allBack();
  });

  it.each(['content-length: 7', 'transfer-encoding: chunked'])(
    'has no body: the next request on that connection would be read as the rest of it (%s)',
    async (header) => {
      let asked = 0;
      const upstream = await startUpstream((req, res) => {
        asked += 1;
        echo(req, res);
      });
      const gateway = await gatewayTo(upstream);
      const client = open(gateway.port, '/upstream/alpha/', { headers: `${header}\r\n` });
      await client.closed;
      const [head = '', body = ''] = (await client.until('}}')).split('\r\n\r\n');
      expect([head.split(' ')[1], errorIn(body).code]).toEqual(['400', 'bad_request']);
      expect(asked).toBe(0);
    },
  );

  it('says nothing of an invitation to its upstream: there is nothing to be sent', async () => {
    const upstream = await upgrading((socket) => socket.end());
    const asked = once(upstream.server, 'upgrade') as Promise<[IncomingMessage]>;
    const gateway = await gatewayTo(upstream);
    const client = open(gateway.port, '/upstream/alpha/', { headers: 'expect: 100-continue\r\n' });
    expect((await asked)[0].headers).not.toHaveProperty('expect');
    client.socket.destroy();
    await gateway.desk.allBack();
  });

  it.each(['client', 'upstream'])('R18: half-closed by the %s is closed on both sides', async (side) => {
    // Neither of the two answers the end of the other with its own.
    const upstream = await upgrading((socket) => {
      socket.allowHalfOpen = true;
      socket.resume();
      if (side === 'upstream') socket.end();
    });
    const gateway = await gatewayTo(upstream, { times: { halfCloseMs: 50 } });
    const client = open(gateway.port, '/upstream/alpha/', { allowHalfOpen: true });
    await client.until('\r\n\r\n');
    if (side === 'client') client.socket.end();
    await gateway.desk.allBack();
    await expect.poll(() => upstream.tracked[0]?.destroyed, SOON).toBe(true);
    client.socket.destroy();
    expect(gateway.desk).toMatchObject({ granted: 1, released: 1 });
  });

  it('is closed when its upstream dies', async () => {
    const upstream = await upgrading((socket) => socket.resume());
    const gateway = await gatewayTo(upstream);
    const client = open(gateway.port, '/upstream/alpha/');
    await client.until('\r\n\r\n');
    upstream.crash();
    await Promise.all([client.closed, gateway.desk.allBack()]);
    expect(gateway.desk.released).toBe(1);
  });

  it('is withdrawn when the client ends its side while it waits for the model', async () => {
    const waiting = Promise.withResolvers<void>();
    const withdrawn = Promise.withResolvers<void>();
    const desk = fakeDesk((_destination, leave) => {
      leave.addEventListener('abort', () => withdrawn.resolve());
      waiting.resolve();
      return waitForAbort(leave);
    });
    const gateway = await gatewayWith(desk);
    const client = open(gateway.port, '/upstream/alpha/');
    await waiting.promise;
    client.socket.end();
    await withdrawn.promise;
    expect(desk.granted).toBe(0);
  });

  it('that cannot be gets a plain HTTP error', async () => {
    const dead = keep(await startUpstream(echo));
    const desk = fakeDesk(({ model }) => {
      if (model === 'beta') throw new GatewayError('queue_full', 'too many', { retryAfterSeconds: 7 });
      return dead.upstream;
    });
    const gateway = await gatewayWith(desk);
    await dead.close();
    const answers = await Promise.all(
      ['/upstream/alpha/', '/upstream/beta/', '/upstream/nobody/', '/v1/realtime?model=alpha', '/upstream/al%zz/'].map(
        async (path) => {
          const client = open(gateway.port, path);
          await client.closed.catch(() => {});
          const [head = '', body = ''] = (await client.until('}}')).split('\r\n\r\n');
          return `${head.split(' ')[1]} ${errorIn(body).code}${head.includes('retry-after: 7') ? ' 7' : ''}`;
        },
      ),
    );
    expect(answers).toEqual([
      '502 upstream_unreachable',
      '429 queue_full 7',
      '404 model_not_found',
      '404 not_found',
      '400 bad_request',
    ]);
    expect(desk.held()).toBe(0);
  });

  it('may last for longer than the upstream has to open it, and is given up when it does not', async () => {
    const upstream = await upgrading((socket) => {
      setTimeout(() => socket.end('late'), LIMIT_MS * 2);
    });
    const gateway = await gatewayTo(upstream);
    const client = open(gateway.port, '/upstream/alpha/');
    await client.until('late');
    await gateway.desk.allBack();
    upstream.server.removeAllListeners('upgrade').on('upgrade', (_req, socket) => socket.on('error', () => {}));
    const hanging = open(gateway.port, '/upstream/alpha/');
    const [head = '', body = ''] = (await hanging.until('}}')).split('\r\n\r\n');
    expect([head.split(' ')[1], errorIn(body).code]).toEqual(['504', 'upstream_timeout']);
    await gateway.desk.allBack();
    upstream.server.closeAllConnections();
  });

  it('that the upstream refuses gets the answer of the upstream', async () => {
    const upstream = await startUpstream((_req, res) => {
      res.writeHead(403, { 'x-why': 'no' }).end('not you');
    });
    const gateway = await gatewayTo(upstream);
    const client = open(gateway.port, '/upstream/alpha/');
    const answer = await client.until('not you');
    expect(answer).toContain('403 Forbidden');
    expect(answer).toContain('x-why: no');
    client.socket.destroy();
    await gateway.desk.allBack();
  });

  it('that the upstream refuses, or nobody knows, is closed though the client does not end its side', async () => {
    const upstream = await startUpstream((_req, res) => res.writeHead(403).end('not you'));
    const gateway = await gatewayTo(upstream, { times: { halfCloseMs: 50 } });
    const clients = ['/upstream/alpha/', '/upstream/nobody/'].map((path) => {
      const client = open(gateway.port, path, { allowHalfOpen: true });
      return client.until('HTTP/1.1 40').then(() => client);
    });
    const [refused, unknown] = await Promise.all(clients);
    const connections = () =>
      new Promise((resolve) => {
        gateway.server.getConnections((_error, count) => resolve(count));
      });
    await expect.poll(connections, SOON).toBe(0);
    refused?.socket.destroy();
    unknown?.socket.destroy();
    await gateway.desk.allBack();
  });

  it('is not what every upgrade asks for: curl --http2 gets its answer over HTTP/1.1', async () => {
    const gateway = await gatewayTo(await startUpstream(echo));
    const { message } = await ask(gateway.port, {
      method: 'POST',
      path: '/v1/completions',
      headers: { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': 'AAMAAABkAAQAoAAAAAIAAAAA' },
      body: '{"model":"alpha"}',
    });
    expect(message.statusCode).toBe(200);
  });
});
