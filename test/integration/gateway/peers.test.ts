import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { createGateway } from '../../../src/gateway.ts';
import { freePorts } from '../../kit/free-port.ts';
import { closeGateways, startGateway, textOf, type TestGateway } from '../../kit/gateway.ts';
import { temporaryFolder } from '../../kit/temporary-folder.ts';

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
  await closeGateways();
});

const SOON = { timeout: 10_000, interval: 10 };
const LONG_MS = 10 * 60_000;

/** A peer, and each question to it as it comes. */
async function startPeer(listener: RequestListener): Promise<{ url: string; next: () => Promise<IncomingMessage> }> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, next: async () => ((await once(server, 'request')) as [IncomingMessage])[0] };
}

async function statuses({ url }: TestGateway, init: RequestInit = {}): Promise<Record<string, string>> {
  const { data } = (await (await fetch(`${url}/v1/models`, init)).json()) as {
    data: { id: string; status: { value: string } }[];
  };
  return Object.fromEntries(data.map(({ id, status }) => [id, status.value]));
}

test('D10: two gateways that discover each other: each has the models of the other, and their states', async () => {
  const port = await freePorts(2);
  const [left, right] = await Promise.all([
    startGateway(
      { alpha: {} },
      { peers: { right: { proxy: `http://127.0.0.1:${port + 1}`, discover: true } } },
      { listen: `127.0.0.1:${port}` },
    ),
    startGateway(
      { beta: {} },
      { peers: { left: { proxy: `http://127.0.0.1:${port}`, discover: true } } },
      { listen: `127.0.0.1:${port + 1}` },
    ),
  ]);
  // Whoever was first found nobody there, and asks again a moment later.
  await expect.poll(async () => (await left.chat('beta')).status, SOON).toBe(200);
  await expect.poll(async () => (await right.chat('alpha')).status, SOON).toBe(200);
  expect(await textOf(await left.chat('beta'))).toContain('beta');
  expect(await textOf(await right.chat('left/alpha'))).toContain('alpha');
  expect(Object.keys(await statuses(left))).toEqual(['alpha', 'right/beta']);
  expect(Object.keys(await statuses(right))).toEqual(['beta', 'left/alpha']);
});

test('X1/D10: whoever discovers a gateway with a key for some models gets these, and hands on no more than its own keys may', async () => {
  const far = await startGateway(
    { qwen: {}, spare: {}, secret: {} },
    { apiKeys: [{ key: 'k', models: ['qwen', 'spare'] }] },
  );
  const near = await startGateway(
    {},
    {
      apiKeys: ['boss', { key: 'guest', models: ['far/qwen'] }, { key: 'friend', models: ['far'] }],
      peers: { far: { proxy: far.url, discover: true, apiKey: 'k' } },
    },
  );
  const as = (key: string): RequestInit => ({ headers: { authorization: `Bearer ${key}` } });
  await expect.poll(async () => Object.keys(await statuses(near, as('boss'))), SOON).toEqual(['far/qwen', 'far/spare']);
  expect(Object.keys(await statuses(near, as('friend')))).toEqual(['far/qwen', 'far/spare']);
  expect(Object.keys(await statuses(near, as('guest')))).toEqual(['far/qwen']);
  const status = async (model: string, key: string): Promise<number> => (await near.chat(model, {}, as(key))).status;
  expect(await status('qwen', 'guest')).toBe(200);
  expect(await status('spare', 'guest')).toBe(403);
  expect(await status('secret', 'guest')).toBe(404);
  expect(await status('spare', 'friend')).toBe(200);
  expect(await status('far/secret', 'boss')).toBe(404);
  expect(far.life().some((step) => step.startsWith('secret'))).toBe(false);
});

test('D10: a peer is asked when the gateway starts, and what it said survives a reload that leaves it as it is', async () => {
  let questions = 0;
  const peer = await startPeer((_req, res) => {
    questions += 1;
    // What is shown later can only be what was said then.
    if (questions === 1) res.end('{"data":[{"id":"gpt"}]}');
  });
  const config = (apiKey: string, more: object = {}): object => ({
    peers: { far: { proxy: peer.url, models: ['gpt'], apiKey, ...more } },
  });
  const asked = peer.next();
  const gateway = await startGateway({}, config('first'));
  await asked;
  await expect.poll(() => statuses(gateway), SOON).toEqual({ 'far/gpt': 'loaded' });
  expect(await gateway.reload(config('first', { filters: { stripParams: 'top_k' } }))).toMatchObject({ ok: true });
  expect(await statuses(gateway)).toEqual({ 'far/gpt': 'loaded' });
  const again = peer.next();
  await gateway.reload(config('second'));
  expect((await again).headers.authorization).toBe('Bearer second');
  // Whoever has another key may see something else.
  expect(await statuses(gateway)).toEqual({ 'far/gpt': 'unloaded' });
  await gateway.reload({});
  expect(await statuses(gateway)).toEqual({});
});

test('D10: discovery is switched on and off by a reload', async () => {
  const peer = await startPeer((_req, res) => res.end('{"data":[{"id":"gpt"},{"id":"new"}]}'));
  const config = (discover: boolean): object => ({ peers: { far: { proxy: peer.url, models: ['gpt'], discover } } });
  const gateway = await startGateway({}, config(true));
  await expect.poll(async () => Object.keys(await statuses(gateway)), SOON).toEqual(['far/gpt', 'far/new']);
  await gateway.reload(config(false));
  expect(Object.keys(await statuses(gateway))).toEqual(['far/gpt']);
  expect((await gateway.chat('new')).status).toBe(404);
  await gateway.reload(config(true));
  expect(Object.keys(await statuses(gateway))).toEqual(['far/gpt', 'far/new']);
});

test('D10: a question to a peer that hangs does not hold up the end of the gateway', async () => {
  const peer = await startPeer(() => {});
  const asked = peer.next();
  const gateway = await createGateway({
    config: { peers: { far: { proxy: peer.url, discover: true } } },
    dataDir: temporaryFolder(),
    drainTimeoutMs: LONG_MS,
  });
  const { socket } = await asked;
  const left = once(socket, 'close');
  await gateway.close();
  await left;
});
