import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { ExchangeSink } from '../../../src/upstream/connection.ts';
import { createPools, type Pools } from '../../../src/upstream/pools.ts';
import { exchangeBegins, exchangeEnds } from '../../../src/write-together.ts';

const TIMEOUTS = { connectMs: 0, tlsHandshakeMs: 0, keepAliveMs: 0, responseHeaderMs: 0, idleConnectionMs: 0 };

interface Got {
  readonly status: number;
  readonly body: string;
  readonly error: string | null;
}

describe('connections of our own', () => {
  const servers: Server[] = [];
  const sockets = new Set<Socket>();
  const opened: Pools[] = [];
  let accepted = 0;

  afterEach(async () => {
    for (const pools of opened.splice(0)) pools.close();
    for (const socket of sockets) socket.destroy();
    sockets.clear();
    for (const server of servers.splice(0)) {
      server.close();
      await once(server, 'close');
    }
  });

  async function listen(server: Server, timeouts = TIMEOUTS): Promise<Pools> {
    accepted = 0;
    server.on('connection', (socket: Socket) => {
      accepted += 1;
      sockets.add(socket);
      socket.on('error', () => {}).once('close', () => sockets.delete(socket));
    });
    servers.push(server.listen(0, '127.0.0.1'));
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const pools = createPools('http:', () => ({ host: 'localhost', port }), timeouts);
    opened.push(pools);
    return pools;
  }

  const serve = (listener: RequestListener, timeouts = TIMEOUTS): Promise<Pools> => {
    const server = createHttpServer(listener);
    // Node would add a hint of its own.
    server.keepAliveTimeout = 0;
    return listen(server, timeouts);
  };

  /** A server that says these bytes to whatever it is asked. */
  const say = (bytes: string, then: (socket: Socket) => void = () => {}): Promise<Pools> =>
    listen(
      createServer((socket) => {
        socket.on('data', () => void socket.write(bytes, () => then(socket)));
      }),
    );

  function send({ connections }: Pools, more: Partial<ExchangeSink> = {}, path = '/') {
    const done = Promise.withResolvers<Got>();
    let status = 0;
    const body: Buffer[] = [];
    const over = (error: string | null): void => done.resolve({ status, body: Buffer.concat(body).toString(), error });
    const sink: ExchangeSink = {
      head: (head) => void (status = head.status),
      waits() {},
      piece: (bytes) => void body.push(bytes),
      end(last) {
        if (last !== null) body.push(last);
        over(null);
      },
      failed: (error) => over(error.code ?? error.message),
      ...more,
    };
    const request = { method: 'POST', path, headers: { host: 'x', 'content-length': '2' }, body: [Buffer.from('hi')] };
    const connection = connections!.exchange(request, sink, null);
    const exchange = {
      pause: () => connection.pause(sink),
      resume: () => connection.resume(sink),
      abort: (error: Error) => connection.abort(sink, error),
    };
    return { exchange, done: done.promise };
  }

  const ask = (pools: Pools): Promise<Got> => send(pools).done;

  it('are used again, one after the other, and many at a time', async () => {
    const pools = await serve((req, res) => void req.resume().once('end', () => res.end('ok')));
    for (let turn = 0; turn < 3; turn += 1) expect(await ask(pools)).toEqual({ status: 200, body: 'ok', error: null });
    expect(accepted).toBe(1);
    const all = await Promise.all(Array.from({ length: 20 }, () => ask(pools)));
    expect(all.every(({ body }) => body === 'ok')).toBe(true);
    expect(accepted).toBeLessThanOrEqual(21);
  });

  it('are not used again after an answer that closes them, by word or by the end of its body', async () => {
    for (const answer of [
      'HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok',
      'HTTP/1.1 200 OK\r\n\r\nok',
    ]) {
      const pools = await say(answer, (socket) => socket.end());
      expect((await ask(pools)).body).toBe('ok');
      expect((await ask(pools)).body).toBe('ok');
      expect(accepted).toBe(2);
    }
  });

  it('are not used again when the server gives them no time', async () => {
    const pools = await say('HTTP/1.1 200 OK\r\nkeep-alive: timeout=1\r\ncontent-length: 2\r\n\r\nok');
    await ask(pools);
    await ask(pools);
    expect(accepted).toBe(2);
  });

  it('are given up when they have been free for too long', async () => {
    const pools = await serve((_req, res) => void res.end('ok'), { ...TIMEOUTS, idleConnectionMs: 1 });
    await ask(pools);
    const [socket] = sockets;
    if (!socket!.closed) await once(socket!, 'close');
    await ask(pools);
    expect(accepted).toBe(2);
  });

  it('are ended when the server talks without being asked: it could be taken for the next answer', async () => {
    const whole = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
    const pools = await say(whole + whole);
    expect(await ask(pools)).toEqual({ status: 200, body: 'ok', error: null });
    expect((await ask(pools)).body).toBe('ok');
    expect(accepted).toBe(2);
  });

  it('what the server says before the request is out is not taken for the answer to it', async () => {
    const pools = await say('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
    await ask(pools);
    const [server] = sockets;
    for (let other = 0; other < 10; other += 1) exchangeBegins();
    const answer = await new Promise((resolve) => {
      // The next thing that happens is that sockets are read, and only then is the turn over.
      setImmediate(() => {
        server?.write('HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n');
        void ask(pools).then(resolve);
      });
    });
    for (let other = 0; other < 10; other += 1) exchangeEnds();
    expect(answer).toMatchObject({ status: 0, error: 'ECONNRESET' });
  });

  it('an answer that breaks off is an error, whatever was there of it', async () => {
    for (const begun of ['', 'HTTP/1.1 2', 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf']) {
      const pools = await say(begun, (socket) => socket.end());
      expect((await ask(pools)).error).toBe('ECONNRESET');
      expect(pools.close()).toBe(true);
    }
  });

  it('nonsense is an error', async () => {
    const pools = await say('220 mail.example ESMTP\r\n\r\n');
    expect((await ask(pools)).error).toBe('ERR_MALFORMED_ANSWER');
  });

  it('a client that does not read stops the server, and everything arrives when it does', async () => {
    const CHUNK = Buffer.alloc(64 * 1024, 'x');
    let written = 0;
    const pools = await serve((_req, res) => {
      const more = (): void => {
        while (written < 400) {
          written += 1;
          if (!res.write(CHUNK)) return void res.once('drain', more);
        }
        res.end();
      };
      more();
    });
    let got = 0;
    const paused = Promise.withResolvers<void>();
    const { exchange, done } = send(pools, {
      piece(bytes) {
        if (got === 0) {
          exchange.pause();
          paused.resolve();
        }
        got += bytes.length;
      },
      end: (last) => void (got += last?.length ?? 0),
    });
    await paused.promise;
    const beforeRest = got;
    expect(beforeRest).toBeLessThan(CHUNK.length * 2);
    exchange.resume();
    await expect.poll(() => got, { timeout: 20_000 }).toBe(CHUNK.length * 400);
    void done;
  });

  it('one that was paused at the end of its answer reads the next one', async () => {
    const pools = await say('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
    const { exchange, done } = send(pools, { head: () => exchange.pause() });
    await done;
    expect((await ask(pools)).body).toBe('ok');
    expect(accepted).toBe(1);
  });

  it('a client that leaves ends its connection, and the server hears of it', async () => {
    const asked = Promise.withResolvers<Socket>();
    const pools = await serve((req) => asked.resolve(req.socket));
    const { exchange, done } = send(pools);
    const socket = await asked.promise;
    const gone = once(socket, 'close');
    exchange.abort(Object.assign(new Error('left'), { code: 'ECONNABORTED' }));
    expect((await done).error).toBe('ECONNABORTED');
    await gone;
    // The server may not have noticed yet.
    expect(pools.close()).toBe(true);
  });

  it('after the end of all there is none, and none can be opened', async () => {
    const pools = await serve(() => {});
    const first = send(pools);
    expect(pools.close()).toBe(true);
    expect((await first.done).error).not.toBeNull();
    expect((await ask(pools)).error).not.toBeNull();
    await expect.poll(() => sockets.size).toBe(0);
  });

  it('nobody was cut off when all are free', async () => {
    const pools = await serve((_req, res) => void res.end('ok'));
    await ask(pools);
    expect(pools.close()).toBe(false);
  });
});
