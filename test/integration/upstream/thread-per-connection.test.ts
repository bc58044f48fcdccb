import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage, request } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { createPools, type Pools } from '../../../src/upstream/pools.ts';

const TIMEOUTS = { connectMs: 0, tlsHandshakeMs: 0, keepAliveMs: 0, responseHeaderMs: 0, idleConnectionMs: 0 };
const THREADS = 2;

/** Serves two connections at a time, idle ones included, as a server with a thread for each connection does. */
async function startThreadedServer() {
  const http = createHttpServer((_req, res) => void res.end('ok'));
  // It never gives up a connection by itself, and announces no time either.
  http.keepAliveTimeout = 0;
  const waiting: Socket[] = [];
  let busy = 0;
  const serve = (socket: Socket): void => {
    busy++;
    socket.once('close', () => {
      busy--;
      const next = waiting.shift();
      if (next) serve(next);
    });
    http.emit('connection', socket);
    socket.resume();
  };
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    if (busy < THREADS) serve(socket);
    else waiting.push(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, server, http };
}

interface Way {
  readonly name: string;
  ask(pools: Pools, port: number): Promise<string>;
}

const WAYS: readonly Way[] = [
  {
    name: "node's client",
    async ask({ agent }, port) {
      const sent = request({ port, host: 'localhost', agent }).end();
      const [response] = (await once(sent, 'response')) as [IncomingMessage];
      return await text(response);
    },
  },
  {
    name: 'our own',
    ask: ({ connections }) =>
      new Promise((resolve, reject) => {
        connections!.exchange(
          { method: 'GET', path: '/', headers: { host: 'x' }, body: [] },
          {
            head() {},
            waits() {},
            piece() {},
            end: (last) => resolve(String(last)),
            failed: reject,
          },
          null,
        );
      }),
  },
];

it.each(WAYS)('an idle connection does not keep a request waiting that has one of its own: $name', async ({ ask }) => {
  const { port, server, http } = await startThreadedServer();
  const pools = createPools('http:', () => ({ host: 'localhost', port }), TIMEOUTS);
  const started = performance.now();
  const asked = Array.from({ length: 8 }, () => ask(pools, port));
  expect(await Promise.all(asked)).toEqual(Array(8).fill('ok'));
  // Otherwise the third request would wait until the first connection has been idle for four seconds.
  expect(performance.now() - started).toBeLessThan(3_000);
  pools.close();
  http.closeAllConnections();
  server.close();
  await once(server, 'close');
});
