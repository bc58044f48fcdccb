import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import type { AllowedConfig, KeyConfig, PeerConfig } from '../../src/config/types.ts';
import { ask, begin, errorIn, sendRaw, SOON } from './ask.ts';
import { gatewayKit, httpConfig, keyConfig, modelConfig, peerConfig } from './fake-gateway.ts';
import type { FakeGateway, Overrides } from './fake-gateway.ts';
import { rowsOf, startPeer } from './fake-peer.ts';
import type { FakePeer } from './fake-peer.ts';
import type { Echo } from './fake-upstream.ts';
import { chat, KEY, outcome, REFUSED } from './key-scene.ts';
import { noDesk } from './samples.ts';

const { gatewayWith, keep, closeAll } = gatewayKit();
afterEach(closeAll);

const UNKNOWN = '404 model_not_found';
const EVERYTHING = { authorization: 'Bearer sk-all' };

async function peerWith(...ids: string[]): Promise<FakePeer> {
  return keep(await startPeer(rowsOf(...ids)));
}

function discovering(id: string, { port }: FakePeer, models: readonly string[] = []): PeerConfig {
  return peerConfig(id, models, port, { discover: true });
}

type Key = Partial<Omit<KeyConfig, 'allowed'>> & { readonly allowed: Partial<AllowedConfig> };

/** A gateway with one key for everything, and one for a part; nothing is discovered yet. */
function gatewayFor(
  peers: readonly PeerConfig[],
  { allowed, ...more }: Key,
  peerTimes: Overrides['peerTimes'] = {},
): Promise<FakeGateway> {
  const none: AllowedConfig = { models: [], peerModels: [], peers: [], selectors: [] };
  const part = keyConfig('sk-part', { isAdmin: false, ...more, allowed: { ...none, ...allowed } });
  const config = httpConfig([modelConfig('mine')], { peers, keys: [part, 'sk-all'] });
  return gatewayWith(noDesk(), { config, peerTimes: { restMs: 0, retryMs: 0, ...peerTimes } });
}

async function listed({ port }: FakeGateway, headers: Record<string, string>): Promise<string[]> {
  const { body } = await ask(port, { path: '/v1/models', headers });
  return (JSON.parse(body.toString()) as { data: { id: string }[] }).data.map(({ id }) => id);
}

/** Until all of it can be asked for. */
async function discovery(gateway: FakeGateway, ids: readonly string[]): Promise<void> {
  await expect.poll(() => listed(gateway, EVERYTHING), SOON).toEqual(ids);
}

describe('X1/D10: a key and models that are discovered', () => {
  it('X1/D10: opens those it names, by every name, from the first request on', async () => {
    const peer = await peerWith('org/gpt', 'secret');
    const allowed = { peerModels: ['east/org/gpt'] };
    for (const name of ['east/org/gpt', 'org/gpt']) {
      const fresh = await gatewayFor([discovering('east', peer)], { allowed });
      const { body } = await ask(fresh.port, chat(name));
      expect(JSON.parse((JSON.parse(body.toString()) as Echo).body)).toEqual({ model: 'org/gpt' });
      expect(await outcome(fresh, chat(name))).toBe('200');
    }
  });

  it('X1/D10: is refused for the others, whether they are known already or only found by that request', async () => {
    const peer = await peerWith('gpt', 'secret');
    const allowed = { models: ['mine'], peerModels: ['east/gpt', 'west/secret'] };
    for (const name of ['east/secret', 'secret', 'east/written', 'written']) {
      const gateway = await gatewayFor([discovering('east', peer, ['written'])], { allowed });
      const first = await ask(gateway.port, chat(name));
      expect([name, first.message.statusCode, errorIn(first.body).code]).toEqual([name, 403, 'model_not_allowed']);
      await discovery(gateway, ['east/gpt', 'east/secret', 'east/written', 'mine']);
      const second = await ask(gateway.port, chat(name));
      expect(second.body.toString()).toBe(first.body.toString());
      expect(await outcome(gateway, { ...chat(name), headers: EVERYTHING })).toBe('200');
    }
    expect(peer.passed()).toBe(4);
  });

  it('X1/D10: a name that nobody has stays a 404, and one that a peer has no more becomes one', async () => {
    const peer = await peerWith('gpt');
    const gateway = await gatewayFor([discovering('east', peer)], { allowed: { peerModels: ['east/gpt', 'east/x'] } });
    for (const name of ['east/x', 'x', 'east/nobody', 'nobody'])
      expect(await outcome(gateway, chat(name))).toBe(UNKNOWN);
    expect(await outcome(gateway, chat('gpt'))).toBe('200');
    peer.says(rowsOf('x'));
    await discovery(gateway, ['east/x', 'mine']);
    expect(await outcome(gateway, chat('x'))).toBe('200');
    expect(await outcome(gateway, chat('gpt'))).toBe(UNKNOWN);
  });

  it('X1/D10: that names a peer is for whatever is discovered there, and for nothing of another one', async () => {
    const [east, west] = [await peerWith('gpt'), await peerWith('far')];
    const peers = [discovering('east', east, ['written']), discovering('east/b', west)];
    const gateway = await gatewayFor(peers, { allowed: { peers: ['east'] } });
    for (const name of ['gpt', 'east/gpt', 'written', 'east/written'])
      expect([name, await outcome(gateway, chat(name))]).toEqual([name, '200']);
    for (const name of ['far', 'east/b/far', 'mine'])
      expect([name, await outcome(gateway, chat(name))]).toEqual([name, REFUSED]);
    east.says(rowsOf('new'));
    await discovery(gateway, ['east/b/far', 'east/new', 'east/written', 'mine']);
    expect(await outcome(gateway, chat('new'))).toBe('200');
    expect(west.passed()).toBe(0);
  });

  it('X1/D10: what a peer calls like something here opens nothing here', async () => {
    const peer = await peerWith('mine', 'gpt');
    const peers = [discovering('east', peer), peerConfig('west', ['east/gpt'], peer.port)];
    const gateway = await gatewayFor(peers, { allowed: { peers: ['east'], peerModels: ['east/gpt'] } });
    await discovery(gateway, ['east/mine', 'mine', 'west/east/gpt']);
    expect(await outcome(gateway, chat('east/mine'))).toBe('200');
    for (const name of ['mine', 'east/gpt', 'west/east/gpt'])
      expect([name, await outcome(gateway, chat(name))]).toEqual([name, REFUSED]);
  });

  it.each<[Partial<AllowedConfig>, string[]]>([
    [{ peerModels: ['east/gpt'] }, ['east/gpt']],
    [{ peers: ['east'] }, ['east/gpt', 'east/secret', 'east/written']],
    [{ models: ['mine'], peerModels: ['west/far', 'east/written'] }, ['east/written', 'mine', 'west/far']],
    [{}, []],
  ])('X1/D10: for %j is shown %j', async (allowed, expected) => {
    const [east, west] = [await peerWith('gpt', 'secret'), await peerWith('far')];
    const peers = [discovering('east', east, ['written']), discovering('west', west)];
    const gateway = await gatewayFor(peers, { allowed });
    await discovery(gateway, ['east/gpt', 'east/secret', 'east/written', 'mine', 'west/far']);
    expect(await listed(gateway, KEY)).toEqual(expected);
  });

  it('X1/D10: is told of a name that several peers have only what it may use of it', async () => {
    const [east, west] = [await peerWith('both'), await peerWith('both')];
    const message = async (allowed: Partial<AllowedConfig>): Promise<string> => {
      const gateway = await gatewayFor([discovering('east', east), discovering('west', west)], { allowed });
      await discovery(gateway, ['east/both', 'mine', 'west/both']);
      const { message: answer, body } = await ask(gateway.port, chat('both'));
      const below = await ask(gateway.port, { path: '/upstream/both', headers: KEY });
      expect([answer.statusCode, errorIn(body).code]).toEqual([404, 'model_not_found']);
      expect(below.body.toString()).toBe(body.toString());
      return errorIn(body).message;
    };
    expect(await message({ peers: ['east', 'west'] })).toContain("ask for 'east/both' or 'west/both'.");
    expect(await message({ peerModels: ['west/both'] })).toContain("ask for 'west/both'.");
    expect(await message({ models: ['mine'] })).toBe("There is no model 'both'. GET /v1/models lists what there is.");
  });

  it('X1/D10: gets below /upstream only if it names the peer itself: nobody knows what else will be there', async () => {
    const peer = await peerWith('gpt');
    const of = async (key: Key, models: readonly string[] = []): Promise<string> =>
      outcome(await gatewayFor([discovering('east', peer, models)], key), {
        path: '/upstream/east/gpt/unload',
        headers: KEY,
      });
    expect(await of({ allowed: {}, isAdmin: true })).toBe(REFUSED);
    expect(await of({ allowed: { peerModels: ['east/gpt'] }, isAdmin: true })).toBe(REFUSED);
    expect(await of({ allowed: { peerModels: ['east/gpt'] }, isAdmin: true }, ['gpt'])).toBe(REFUSED);
    expect(await of({ allowed: { peers: ['east'] } })).toBe('403 admin_required');
    expect(peer.passed()).toBe(0);
    expect(await of({ allowed: { peers: ['east'] }, isAdmin: true })).toBe('200');
  });

  it('X1/D10: opens no WebSocket to a model that is found by asking for it', async () => {
    const peer = await peerWith('gpt');
    const gateway = await gatewayFor([discovering('east', peer)], { allowed: { models: ['mine'] }, isAdmin: true });
    const lines = 'HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\nx-api-key: sk-part\r\n\r\n';
    expect(await sendRaw(gateway.port, `GET /upstream/gpt/ws ${lines}`)).toContain('"code":"model_not_allowed"');
    expect(await sendRaw(gateway.port, `GET /upstream/nobody/ws ${lines}`)).toContain('"code":"model_not_found"');
    expect(peer.passed()).toBe(0);
  });
});

describe('X1/D10: the limit of a key', () => {
  const key = { allowed: { peers: ['east'] }, isAdmin: true, concurrencyLimit: 1 };
  const passage = {
    method: 'POST',
    path: '/upstream/east/gpt/v1/completions',
    headers: { ...KEY, 'content-length': '1' },
  };

  it('X1/D10: counts a request whose model was found by asking for it, until it is over', async () => {
    const gateway = await gatewayFor([discovering('east', await peerWith('gpt'))], key);
    const unfinished = begin(gateway.port, passage);
    unfinished.on('error', () => {}).flushHeaders();
    await expect.poll(() => gateway.observation.inFlight.trips().length, SOON).toBe(1);
    expect(await outcome(gateway, chat('gpt'))).toBe('429 concurrency_limit');
    unfinished.destroy();
    await expect.poll(() => outcome(gateway, chat('gpt')), SOON).toBe('200');
  });

  it('X1/D10: is not used up by clients that leave while their model is looked for', async () => {
    const peer = await peerWith();
    const question = Promise.withResolvers<ServerResponse>();
    peer.answersWith((_req, res) => question.resolve(res));
    const gateway = await gatewayFor([discovering('east', peer)], key, { waitMs: 2_000_000_000 });
    for (const [nth, { body, ...more }] of [chat('gpt'), { ...passage, body: 'x' }].entries()) {
      const came = once(gateway.server, 'request') as Promise<[IncomingMessage, ServerResponse]>;
      const leaving = begin(gateway.port, more);
      leaving.on('error', () => {}).end(body);
      const [, res] = await came;
      // The first one makes the gateway ask; the second one joins it as soon as it comes.
      if (nth === 0) await question.promise;
      const closed = once(res, 'close');
      leaving.destroy();
      await closed;
    }
    (await question.promise).end(JSON.stringify(rowsOf('gpt')));
    await discovery(gateway, ['east/gpt', 'mine']);
    expect(await outcome(gateway, chat('gpt'))).toBe('200');
    expect(peer.passed()).toBe(1);
  });
});
