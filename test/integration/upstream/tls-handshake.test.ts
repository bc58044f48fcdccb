import { once } from 'node:events';
import { request } from 'node:https';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { createPools, type Pools } from '../../../src/upstream/pools.ts';

const TIMEOUTS = { connectMs: 30_000, tlsHandshakeMs: 0, keepAliveMs: 0, responseHeaderMs: 0, idleConnectionMs: 0 };

let server: Server | undefined;
let agent: Pools | undefined;
const accepted = new Set<Socket>();

afterEach(async () => {
  agent?.close();
  for (const socket of accepted) socket.destroy();
  accepted.clear();
  server?.close();
  if (server?.listening) await once(server, 'close');
});

it('timeouts.tlsHandshake: an upstream that accepts connections and never answers in TLS does not hang a request', async () => {
  server = createServer((socket) => {
    accepted.add(socket);
    socket.on('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  agent = createPools('https:', () => ({ host: 'localhost', port }), { ...TIMEOUTS, tlsHandshakeMs: 50 });
  const asked = request({ host: '127.0.0.1', port, agent: agent.agent });
  asked.end();
  const [error] = (await once(asked, 'error')) as [NodeJS.ErrnoException];
  expect(error).toMatchObject({ code: 'ETIMEDOUT', message: 'the TLS handshake with the upstream timed out' });
  expect(accepted.size).toBe(1);
});
