import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { PeerConfig } from '../../src/config/types.ts';
import { createActivePins } from '../../src/dispatch/pins.ts';
import { makeCertificate } from '../kit/certificate.ts';
import { temporaryFolder } from '../kit/temporary-folder.ts';
import { errorIn, post, sendRaw, signal, SOON } from './ask.ts';
import { gatewayKit, httpConfig, modelConfig, peerConfig } from './fake-gateway.ts';
import type { FakeGateway, Overrides } from './fake-gateway.ts';
import { json, rowsOf, startPeer as startFakePeer } from './fake-peer.ts';
import type { FakePeer } from './fake-peer.ts';
import type { Echo } from './fake-upstream.ts';
import { noDesk } from './samples.ts';
import { framesOf, readEvents } from './sse.ts';

const { gatewayWith, keep, closeAll } = gatewayKit();
afterEach(async () => {
  vi.unstubAllEnvs();
  await closeAll();
});

interface Row {
  readonly id: string;
  readonly status: { readonly value: string };
  readonly meta: { readonly llamaswap: Record<string, unknown>; readonly [more: string]: unknown };
  readonly [field: string]: unknown;
}

const swapRow = (id: string, value: string, llamaswap: object = { type: 'model' }): object => ({
  id,
  status: { value },
  meta: { llamaswap },
});

async function startPeer(first: unknown): Promise<FakePeer> {
  return keep(await startFakePeer(first));
}

/** Peers may be asked as often as somebody looks. */
async function gatewayTo(peers: readonly PeerConfig[], more: Overrides = {}): Promise<FakeGateway> {
  const config = more.config ?? httpConfig([], { peers });
  const { peerTimes, ...others } = more;
  return await gatewayWith(noDesk(), { ...others, config, peerTimes: { restMs: 0, retryMs: 0, ...peerTimes } });
}

async function list({ url }: FakeGateway): Promise<Row[]> {
  const response = await fetch(`${url}/v1/models`);
  return ((await response.json()) as { data: Row[] }).data;
}

async function idsIn(gateway: FakeGateway): Promise<string[]> {
  return (await list(gateway)).map(({ id }) => id);
}

async function statuses(gateway: FakeGateway): Promise<Record<string, string>> {
  return Object.fromEntries((await list(gateway)).map(({ id, status }) => [id, status.value]));
}

/** Whom the peer was told a request is for. */
async function toldBy(gateway: FakeGateway, model: string): Promise<unknown> {
  const response = await post(`${gateway.url}/v1/completions`, JSON.stringify({ model }));
  const seen = (await response.json()) as Echo;
  return seen.body === undefined ? seen : (JSON.parse(seen.body) as { model: string }).model;
}

const discovering = (id: string, port: number, more: Partial<PeerConfig> = {}): PeerConfig =>
  peerConfig(id, [], port, { discover: true, ...more });

describe('what a peer says of its models', () => {
  it('D10: is what the list says of them, and the state follows', async () => {
    const peer = await startPeer({ data: [swapRow('a', 'loaded'), swapRow('b', 'unloaded')] });
    const gateway = await gatewayTo([peerConfig('east', ['a', 'b', 'c'], peer.port)]);
    expect(await statuses(gateway)).toEqual({ 'east/a': 'unloaded', 'east/b': 'unloaded', 'east/c': 'unloaded' });
    await expect.poll(() => statuses(gateway), SOON).toMatchObject({ 'east/a': 'loaded', 'east/b': 'unloaded' });
    peer.says({ data: [swapRow('a', 'unloaded'), swapRow('b', 'loaded')] });
    await expect
      .poll(() => statuses(gateway), SOON)
      .toEqual({ 'east/a': 'unloaded', 'east/b': 'loaded', 'east/c': 'unloaded' });
    // Nothing is added that nobody asked to be discovered.
    expect(await idsIn(gateway)).toHaveLength(3);
  });

  it('D10: a server that says nothing of states has what it lists', async () => {
    const peer = await startPeer(rowsOf('a'));
    const gateway = await gatewayTo([peerConfig('east', ['a', 'b'], peer.port)]);
    await expect.poll(() => statuses(gateway), SOON).toEqual({ 'east/a': 'loaded', 'east/b': 'unloaded' });
  });

  it('D10: with context, capabilities and metadata, beneath what the gateway says itself', async () => {
    const peer = await startPeer({
      data: [
        {
          id: 'a',
          name: 'not ours to say',
          owned_by: 'them',
          description: 'Reads\npictures',
          architecture: {
            input_modalities: ['text', 'image'],
            output_modalities: ['text'],
            modality: 'text+image->text',
          },
          capabilities: { vision: true, reranker: false },
          supported_parameters: ['tools'],
          context_length: 8192,
          meta: { n_params: 7, llamaswap: { family: 'x', type: 'model', aliases: ['other'], peerID: 'theirs' } },
        },
        { id: 'b', max_model_len: 4096 },
      ],
    });
    const gateway = await gatewayTo([peerConfig('east', ['a', 'b', 'other'], peer.port)]);
    await expect.poll(async () => (await list(gateway))[0]?.['context_length'], SOON).toBe(8192);
    const [a, b, alias] = await list(gateway);
    expect(a).toEqual({
      id: 'east/a',
      object: 'model',
      created: expect.any(Number) as number,
      owned_by: 'llama-swap',
      name: 'east: a',
      description: 'Reads pictures',
      architecture: { input_modalities: ['text', 'image'], output_modalities: ['text'], modality: 'text+image->text' },
      capabilities: { vision: true },
      supported_parameters: ['tools'],
      context_length: 8192,
      status: { value: 'loaded' },
      meta: { n_ctx: 8192, n_params: 7, llamaswap: { family: 'x', type: 'peer', peerID: 'east' } },
    });
    expect(b).toMatchObject({ context_length: 4096, meta: { n_ctx: 4096 } });
    // The name that the configuration has may be an alias there.
    expect(alias).toMatchObject({ id: 'east/other', name: 'east: other', context_length: 8192 });
  });

  it('D10: is asked for with its key, at its address, and not more often than it may be', async () => {
    const peer = await startPeer(rowsOf('a'));
    const plain = peerConfig('east', ['a'], peer.port, { apiKey: 'peers' });
    const config = { ...plain, upstream: { ...plain.upstream, basePath: '/base' } };
    const gateway = await gatewayTo([config], { peerTimes: { restMs: 60_000 } });
    await list(gateway);
    await expect.poll(() => statuses(gateway), SOON).toEqual({ 'east/a': 'loaded' });
    await Promise.all(Array.from({ length: 20 }, () => list(gateway)));
    expect(peer.asked.map(({ method, url }) => [method, url])).toEqual([['GET', '/base/v1/models']]);
    expect(peer.asked[0]?.headers).toMatchObject({
      authorization: 'Bearer peers',
      'x-api-key': 'peers',
      host: `127.0.0.1:${peer.port}`,
    });
  });

  it('D10: is asked for through the proxy of the environment, like everything else there', async () => {
    const proxy = await startPeer(rowsOf('a'));
    vi.stubEnv('HTTP_PROXY', `http://127.0.0.1:${proxy.port}`);
    const plain = peerConfig('east', ['a'], 80);
    const gateway = await gatewayTo([{ ...plain, upstream: { ...plain.upstream, hostname: 'peer.invalid' } }]);
    await expect.poll(() => statuses(gateway), SOON).toEqual({ 'east/a': 'loaded' });
    expect(proxy.asked[0]?.url).toBe('http://peer.invalid/v1/models');
  });

  it('D10: is asked for over TLS of a peer that has it, and only if its certificate is one to trust', async () => {
    const { certFile, keyFile } = makeCertificate(temporaryFolder(), 'peer');
    const server = createServer({ cert: readFileSync(certFile), key: readFileSync(keyFile) }, json(rowsOf('a')));
    server.on('tlsClientError', (_error, socket) => void socket.destroy());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    keep({ close: () => server[Symbol.asyncDispose]() });
    const plain = peerConfig('east', ['a'], (server.address() as AddressInfo).port);
    const gateway = await gatewayTo([{ ...plain, upstream: { ...plain.upstream, protocol: 'https:' } }]);
    await expect
      .poll(async () => [await list(gateway), gateway.log][1], SOON)
      .toEqual([expect.stringMatching(/SELF_SIGNED/)]);
  });

  it('D10: one that hangs: the list answers all the same, and no second question is put to it', async () => {
    let hung = false;
    const peer = await startPeer(rowsOf('a'));
    const gateway = await gatewayTo([peerConfig('east', ['a'], peer.port), peerConfig('gone', ['b'], 1)]);
    await expect.poll(() => statuses(gateway), SOON).toMatchObject({ 'east/a': 'loaded' });
    peer.answersWith(() => void (hung = true));
    await expect.poll(async () => [await list(gateway), hung][1], SOON).toBe(true);
    const before = peer.asked.length;
    for (let look = 0; look < 5; look += 1) expect(await statuses(gateway)).toMatchObject({ 'east/a': 'loaded' });
    expect(peer.asked).toHaveLength(before);
  });

  it('D10: a question ends with the gateway', async () => {
    const asked = signal();
    const left = signal();
    const peer = await startPeer(rowsOf());
    peer.answersWith((req) => {
      req.socket.once('close', left.set);
      asked.set();
    });
    const gateway = await gatewayTo([peerConfig('east', ['a'], peer.port)]);
    await list(gateway);
    await asked.done;
    gateway.peerModels.end();
    await left.done;
    gateway.peerModels.look();
    expect(peer.asked).toHaveLength(1);
    expect(gateway.log).toEqual([]);
  });

  it.each<[string, RequestListener, string]>([
    ['nothing in time', () => {}, 'it does not answer in time'],
    [
      'only half an answer in time',
      (_req, res) => void res.writeHead(200).write('{"data":[{"id":"a"}'),
      'it does not answer in time',
    ],
    ['an error', (_req, res) => void res.writeHead(401).end('{"data":[]} no key'), 'it answers with status 401'],
    ['another address', (_req, res) => void res.writeHead(302, { location: '/' }).end(), 'it answers with status 302'],
    ['no JSON', (_req, res) => void res.end('<html>secret</html>'), 'its answer is no list of models'],
    ['no list', (_req, res) => void res.end('{"data":{"id":"a"}}'), 'its answer is no list of models'],
    ['a list without end', flood, 'its list is longer than 2 MiB'],
    [
      'far too many models',
      json({ data: Array.from({ length: 2_001 }, () => ({ id: 'a' })) }),
      'its list has more than 2000 models',
    ],
    [
      'half an answer',
      (_req, res) => void res.writeHead(200, { 'content-length': 99 }).end('{"da', hangUp(_req)),
      'it cannot be asked: ECONNRESET',
    ],
    ['a hang-up', (req) => void req.socket.destroy(), 'it cannot be asked: ECONNRESET'],
    [
      'an upgrade',
      (req) => void req.socket.end('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
      'it answers with status 101',
    ],
    ['no HTTP', (req) => void req.socket.end('hello\r\n\r\n'), 'it cannot be asked: HPE_INVALID_CONSTANT'],
  ])(
    'D10: a peer that answers with %s costs a line of the log; what it said before stays',
    async (_, listener, why) => {
      const peer = await startPeer({ data: [{ ...swapRow('a', 'loaded'), context_length: 5 }] });
      const gateway = await gatewayTo([peerConfig('east', ['a'], peer.port)], { peerTimes: { answerMs: 1_000 } });
      await expect.poll(() => statuses(gateway), SOON).toEqual({ 'east/a': 'loaded' });
      peer.answersWith(listener);
      await expect
        .poll(async () => [await list(gateway), gateway.log][1], SOON)
        .toEqual([`the peer east does not tell its models, and what is known of them stays: ${why}`]);
      // More of the same is no news.
      const before = peer.asked.length;
      await expect.poll(async () => [await list(gateway), peer.asked.length][1], SOON).toBeGreaterThan(before);
      expect((await list(gateway))[0]).toMatchObject({ status: { value: 'loaded' }, context_length: 5 });
      peer.says({ data: [swapRow('a', 'unloaded')] });
      await expect.poll(() => statuses(gateway), SOON).toEqual({ 'east/a': 'unloaded' });
      expect(gateway.log.slice(1)).toEqual(['the peer east tells its models again']);
    },
  );

  it('D10: after a while nothing is said to be loaded at a peer that does not answer, until it does', async () => {
    const peer = await startPeer({ data: [{ ...swapRow('a', 'loaded'), context_length: 5 }] });
    const gateway = await gatewayTo([peerConfig('east', ['a'], peer.port)], { peerTimes: { forgetMs: 0 } });
    await expect.poll(() => statuses(gateway), SOON).toEqual({ 'east/a': 'loaded' });
    peer.answersWith((req) => void req.socket.destroy());
    await expect.poll(() => statuses(gateway), SOON).toEqual({ 'east/a': 'unloaded' });
    expect((await list(gateway))[0]).toMatchObject({ context_length: 5 });
    peer.says({ data: [{ ...swapRow('a', 'loaded'), context_length: 5 }] });
    await expect.poll(() => statuses(gateway), SOON).toEqual({ 'east/a': 'loaded' });
  });

  it('D10: goes into /api/events, and who reads these is a looker too', async () => {
    const peer = await startPeer({ data: [{ ...swapRow('a', 'loaded'), capabilities: { vision: true } }] });
    const gateway = await gatewayTo([peerConfig('east', ['a'], peer.port)], { peerTimes: { watchMs: 10 } });
    const reader = await readEvents(gateway.port, { path: '/api/events' });
    const told = (): unknown[] =>
      framesOf(reader.text()).flatMap(({ type, data }) => (type === 'modelStatus' ? (data as unknown[]) : []));
    const row = { id: 'east/a', name: 'east: a', description: '', state: '', unlisted: false, peerID: 'east' };
    await reader.until('\\"value\\":\\"loaded\\"');
    expect(told()).toEqual([
      { ...row, status: { value: 'unloaded' } },
      { ...row, status: { value: 'loaded' }, capabilities: { vision: true } },
    ]);
    // Nobody asks for a list: the reader is enough.
    peer.says({ data: [{ ...swapRow('a', 'unloaded'), context_length: 9 }] });
    await reader.until('context_length');
    expect(told().at(-1)).toEqual({ ...row, status: { value: 'unloaded' }, context_length: 9 });
    reader.req.destroy();
  });
});

describe('models that are discovered', () => {
  /** A gateway that looks for the name of a request until the peer gets to answer. */
  async function asking(): Promise<{
    peer: FakePeer;
    gateway: FakeGateway;
    asks: (path: string, signal?: AbortSignal) => Promise<Response>;
    answer: () => void;
  }> {
    const peer = await startPeer(rowsOf());
    let held: ServerResponse | null = null;
    peer.answersWith((_req, res) => void (held = res));
    const gateway = await gatewayTo([discovering('east', peer.port)], { peerTimes: { waitMs: 2_000_000_000 } });
    return {
      peer,
      gateway,
      asks: (path, signal) =>
        fetch(gateway.url + path, { method: 'POST', body: '{"model":"gpt"}', ...(signal && { signal }) }),
      answer: () => void held?.end('{"data":[{"id":"gpt"}]}'),
    };
  }

  it('D10: are listed in full, and asked for in full or bare', async () => {
    const peer = await startPeer(rowsOf('gpt', 'org/big'));
    const gateway = await gatewayTo([discovering('east', peer.port, { models: ['hidden', 'gpt'] })]);
    await expect.poll(() => idsIn(gateway), SOON).toEqual(['east/gpt', 'east/hidden', 'east/org/big']);
    expect(await toldBy(gateway, 'east/org/big')).toBe('org/big');
    expect(await toldBy(gateway, 'org/big')).toBe('org/big');
    expect(await toldBy(gateway, 'hidden')).toBe('hidden');
    const passed = await fetch(`${gateway.url}/upstream/east/org/big/v1/x`);
    expect(((await passed.json()) as Echo).url).toBe('/v1/x');
    peer.says(rowsOf('org/big'));
    await expect.poll(() => idsIn(gateway), SOON).toEqual(['east/gpt', 'east/hidden', 'east/org/big']);
    peer.says(rowsOf('new'));
    await expect.poll(() => idsIn(gateway), SOON).toEqual(['east/gpt', 'east/hidden', 'east/new']);
    expect((await post(`${gateway.url}/v1/completions`, '{"model":"org/big"}')).status).toBe(404);
  });

  it('D10: are found by the first request for them, wherever it comes in', async () => {
    const peer = await startPeer(rowsOf('gpt'));
    peer.server.on('upgrade', (_req, socket) => {
      socket.end(
        'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nx-seen: yes\r\n\r\n',
      );
    });
    const fresh = (): Promise<FakeGateway> => gatewayTo([discovering('east', peer.port)]);
    expect(await toldBy(await fresh(), 'gpt')).toBe('gpt');
    const { url } = await fresh();
    expect(((await (await fetch(`${url}/upstream/east/gpt/props`)).json()) as Echo).url).toBe('/props');
    const { port } = await fresh();
    const lines = 'GET /upstream/gpt/ws HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n';
    expect(await sendRaw(port, lines)).toContain('x-seen: yes');
  });

  it('D10: a name that nobody has costs the peers one question, and is a 404', async () => {
    const peer = await startPeer(rowsOf('gpt'));
    const gateway = await gatewayTo([discovering('east', peer.port)], { peerTimes: { restMs: 60_000 } });
    for (const model of ['typo', 'east/typo', 'typo']) {
      const response = await post(`${gateway.url}/v1/completions`, JSON.stringify({ model }));
      expect([response.status, errorIn(await response.text()).code]).toEqual([404, 'model_not_found']);
    }
    expect((await fetch(`${gateway.url}/upstream/typo/x`)).status).toBe(404);
    expect(peer.asked).toHaveLength(1);
  });

  it('D10: who asks for one waits for no peer but the one that has it, and for none too long', async () => {
    const slow = await startPeer(rowsOf());
    slow.answersWith(() => {});
    const peer = await startPeer(rowsOf('gpt'));
    const peers = [discovering('slow', slow.port), discovering('east', peer.port)];
    const patient = await gatewayTo(peers, { peerTimes: { waitMs: 2_000_000_000 } });
    expect(await toldBy(patient, 'gpt')).toBe('gpt');
    const hasty = await gatewayTo(peers, { peerTimes: { waitMs: 1 } });
    expect((await post(`${hasty.url}/v1/completions`, '{"model":"nobody"}')).status).toBe(404);
  });

  it('D10: a request that is cancelled while its name is looked for goes to nobody', async () => {
    const { peer, gateway, asks, answer } = await asking();
    const response = asks('/v1/completions');
    await expect.poll(() => peer.asked.length, SOON).toBe(1);
    const [entry] = gateway.observation.inFlight.trips();
    expect((await fetch(`${gateway.url}/api/inflight/${entry?.id}/cancel`, { method: 'POST' })).status).toBe(200);
    expect(errorIn(await (await response).text()).code).toBe('request_cancelled');
    answer();
    await expect.poll(() => idsIn(gateway), SOON).toEqual(['east/gpt']);
    expect(peer.passed()).toBe(0);
  });

  it('D10: a request whose client leaves while its name is looked for is over', async () => {
    const { peer, gateway, asks, answer } = await asking();
    const leaving = new AbortController();
    const closed = new Promise<void>((resolve) => {
      gateway.server.once('request', (_req, res: ServerResponse) => res.once('close', resolve));
    });
    const response = asks('/upstream/gpt/v1/completions', leaving.signal);
    await expect.poll(() => peer.asked.length, SOON).toBe(1);
    leaving.abort();
    await expect(response).rejects.toThrow('aborted');
    await closed;
    answer();
    expect(await toldBy(gateway, 'gpt')).toBe('gpt');
    expect(gateway.observation.inFlight.trips()).toEqual([]);
  });

  it('D10: a bare name of two peers is neither; one that is written leads where it led before', async () => {
    const east = await startPeer(rowsOf('both', 'written', 'local', 'alias'));
    const west = await startPeer(rowsOf('both'));
    const third = await startPeer(rowsOf());
    const peers = [
      discovering('east', east.port),
      discovering('west', west.port),
      peerConfig('third', ['written'], third.port),
    ];
    const config = httpConfig([modelConfig('local', { aliases: ['alias'] })], { peers });
    const gateway = await gatewayTo(peers, { config });
    await expect
      .poll(() => idsIn(gateway), SOON)
      .toEqual(['east/alias', 'east/both', 'east/local', 'east/written', 'local', 'third/written', 'west/both']);
    const ambiguous = await post(`${gateway.url}/v1/completions`, '{"model":"both"}');
    expect(errorIn(await ambiguous.text()).message).toContain("'east/both' or 'west/both'");
    expect(await toldBy(gateway, 'east/local')).toBe('local');
    const seen = (await (await post(`${gateway.url}/v1/completions`, '{"model":"written"}')).json()) as Echo;
    expect(seen.headers['host']).toBe(`127.0.0.1:${third.port}`);
  });

  it('D10: a name that is taken is left out, with one warning', async () => {
    const peer = await startPeer(rowsOf('model', 'alias', 'auto', 'pinned', 'far', 'member', 'free'));
    const other = await startPeer(rowsOf());
    const peers = [discovering('east', peer.port), peerConfig('west', ['east/far'], other.port)];
    const config = httpConfig([modelConfig('east/model', { aliases: ['east/alias'] }), modelConfig('member')], {
      peers,
      profiles: [{ id: 'east', members: ['member'] }],
      pins: [{ id: 'night', description: '', pins: new Map([['east/pinned', 'member']]) }],
      selectors: [
        {
          id: 'east/auto',
          strategy: 'pin',
          targets: [{ kind: 'model', model: 'member', name: 'member' }],
          spillover: 1,
          name: '',
          description: '',
          unlisted: false,
          metadata: {},
        },
      ],
    });
    const pins = createActivePins();
    pins.activate('night');
    const gateway = await gatewayTo(peers, { config, pins });
    await expect.poll(() => idsIn(gateway), SOON).toContain('east/free');
    const rows = await list(gateway);
    const types = Object.fromEntries(rows.map(({ id, meta }) => [id, meta.llamaswap['type']]));
    expect(types).toEqual({
      'east/auto': 'selector',
      'east/free': 'peer',
      'east/model': 'model',
      'east/pinned': 'profile',
      member: 'model',
      'west/east/far': 'peer',
    });
    // Left out is left out: neither by its bare name.
    expect((await post(`${gateway.url}/v1/completions`, '{"model":"pinned"}')).status).toBe(404);
    const warned = (): string[] => gateway.log.filter((line) => line.includes('left out'));
    expect(warned()).toEqual([
      'models that the peer east lists are left out, because their names are taken: "east/model" is a model here, ' +
        '"east/alias" is a model here, "east/auto" is a selector, and 3 more',
    ]);
    peer.says(rowsOf('model', 'alias', 'auto', 'pinned', 'far', 'member', 'freed'));
    await expect.poll(() => idsIn(gateway), SOON).toContain('east/freed');
    expect(warned()).toHaveLength(1);
  });

  it('D10: takes no path of a model here, and no pin out of the list', async () => {
    const peer = await startPeer(rowsOf('m/v1', 'm/v1/completions', 'chat'));
    const peers = [discovering('east', peer.port)];
    const config = httpConfig([modelConfig('m')], {
      peers,
      pins: [{ id: 'day', description: '', pins: new Map([['chat', 'm']]) }],
      ignorePaths: ['^/v1/completions$'],
    });
    const pins = createActivePins();
    pins.activate('day');
    const gateway = await gatewayTo(peers, { config, pins });
    await expect.poll(() => idsIn(gateway), SOON).toContain('east/m/v1');
    expect(await idsIn(gateway)).toContain('chat');
    // The model here is not loaded, and such a path does not load it: that it says so shows who was meant.
    expect((await fetch(`${gateway.url}/upstream/m/v1/completions`)).status).toBe(409);
  });

  it('D10: of gateways that discover each other: what is their own, not what they have of others', async () => {
    const peer = await startPeer({
      data: [swapRow('own', 'loaded'), swapRow('back/own', 'loaded', { type: 'peer', peerID: 'back' })],
    });
    const gateway = await gatewayTo([discovering('east', peer.port), peerConfig('written', ['back/own'], peer.port)]);
    await expect.poll(() => statuses(gateway), SOON).toEqual({ 'east/own': 'loaded', 'written/back/own': 'loaded' });
  });

  it('D10: of a hostile list: names that can be shown, and nothing that breaks anything', async () => {
    const deep = `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`;
    const rows = [
      '{"id":"good","description":"a\\u0000b\\nc","capabilities":{"__proto__":true,"vision":"yes"},"context_length":-1}',
      `{"id":"deep","meta":${deep},"architecture":${deep},"status":${deep}}`,
      '{"id":"__proto__"}',
      '{"id":"constructor","meta":{"llamaswap":{"__proto__":{"polluted":true}}}}',
      `{"id":"${'x'.repeat(300)}"}`,
      '{"id":"line\\nbreak"}',
      '{"id":"\\u202egnp.exe"}',
      '{"id":"half \\ud800"}',
      '{"id":" padded "}',
      '{"id":""}',
      '{"id":7}',
      '{"id":"good","context_length":99}',
      'null',
      '[]',
      '"text"',
    ];
    const peer = await startPeer(rowsOf());
    peer.answersWith((_req: IncomingMessage, res: ServerResponse) => void res.end(`{"data":[${rows.join(',')}]}`));
    const gateway = await gatewayTo([discovering('east', peer.port)]);
    await expect
      .poll(() => idsIn(gateway), SOON)
      .toEqual(['east/__proto__', 'east/constructor', 'east/deep', 'east/good']);
    const good = (await list(gateway)).find(({ id }) => id === 'east/good');
    expect(good).toMatchObject({ description: 'a b c', status: { value: 'loaded' } });
    expect(good).not.toHaveProperty('context_length');
    expect(Object.keys(good?.['capabilities'] as object)).toEqual(['__proto__']);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(await toldBy(gateway, 'east/__proto__')).toBe('__proto__');
    expect(gateway.log).toEqual([]);
  });
});

function flood(_req: IncomingMessage, res: ServerResponse): void {
  const more = (): void => {
    while (!res.destroyed && res.write(' '.repeat(65_536)));
    if (!res.destroyed) void once(res, 'drain').then(more, () => {});
  };
  more();
}

/** After a part of the answer is out. */
function hangUp(req: IncomingMessage): () => void {
  return () => req.socket.destroy();
}
