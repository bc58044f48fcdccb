import { afterEach, describe, expect, it } from 'vitest';
import { ask } from './ask.ts';
import type { FakeGateway } from './fake-gateway.ts';
import type { Echo } from './fake-upstream.ts';
import { chat, closeAll, gatewayFor, KEY, outcome, REFUSED } from './key-scene.ts';

afterEach(closeAll);

describe('X1: a selector', () => {
  it('X1: chooses among those of its targets that the key is for', async () => {
    const gateway = await gatewayFor({ allowed: { models: ['mine'] } });
    expect(await outcome(gateway, chat('first-theirs'))).toBe('200');
    for (let turn = 0; turn < 3; turn += 1) expect(await outcome(gateway, chat('busy'))).toBe('200');
    expect(new Set(gateway.desk.asked.map(({ model }) => model))).toEqual(new Set(['mine']));
    const peers = await gatewayFor({ allowed: { peerModels: ['p/m2'] } });
    const { body } = await ask(peers.port, chat('first-theirs'));
    expect((JSON.parse(body.toString()) as Echo).body).toBe('{"model":"m2"}');
  });

  it('X1: that is named itself opens all of its targets, but only through it', async () => {
    const gateway = await gatewayFor({ allowed: { selectors: ['first-theirs'] }, pins: { auto: 'first-theirs' } });
    expect(await outcome(gateway, chat('first-theirs'))).toBe('200');
    expect(await outcome(gateway, chat('auto'))).toBe('200');
    expect(gateway.desk.asked.map(({ model }) => model)).toEqual(['author/theirs', 'author/theirs']);
    for (const name of ['author/theirs', 'mine', 'p/m2', 'theirs-only', 'busy']) {
      expect(await outcome(gateway, chat(name))).toBe(REFUSED);
    }
    expect(await outcome(gateway, { path: '/upstream/author/theirs/props', headers: KEY })).toBe(REFUSED);
  });
});

describe('X1: an operator with a key for some models', () => {
  it.each([
    ['/api/models/load/mine', '200', 'load model:mine'],
    ['/api/models/load/my', '200', 'load model:mine'],
    ['/api/models/load/solo', '200', 'load profile:solo'],
    ['/api/models/load/author/theirs', REFUSED, ''],
    ['/api/models/load/author%2Ftheirs', REFUSED, ''],
    ['/api/models/load/other', REFUSED, ''],
    ['/api/models/load/pair', REFUSED, ''],
    ['/api/models/load/pair:mine', REFUSED, ''],
    ['/api/models/unload/my', '200', 'unload mine'],
    ['/api/models/unload/pair:mine', '200', 'unload mine'],
    ['/api/models/unload/other', REFUSED, ''],
    ['/api/models/unload/pair', REFUSED, ''],
    ['/api/models/unload', '200', 'unload mine'],
  ])('X1: POST %s: %s', async (path, expected, operation) => {
    const gateway = await gatewayFor({ allowed: { models: ['mine'] }, isAdmin: true });
    expect(await outcome(gateway, { method: 'POST', path, headers: KEY })).toBe(expected);
    expect(gateway.operations.join()).toBe(operation);
  });

  it('X1: GET /unload stops what the key is for', async () => {
    const gateway = await gatewayFor({ allowed: { models: ['mine'] }, isAdmin: true });
    await ask(gateway.port, { path: '/unload', headers: KEY });
    await ask(gateway.port, { path: '/unload', headers: { 'x-api-key': 'sk-all' } });
    expect(gateway.operations).toEqual(['unload mine', 'unload all']);
  });
});

describe('X1: lists', () => {
  async function listed(gateway: FakeGateway): Promise<string[]> {
    const { body } = await ask(gateway.port, { path: '/v1/models', headers: KEY });
    return (JSON.parse(body.toString()) as { data: { id: string }[] }).data.map(({ id }) => id);
  }

  it('X1: /v1/models shows what the key may ask for, and of a selector the targets that it may reach', async () => {
    const pins = { chat: 'my', night: 'theirs-only', off: null };
    const gateway = await gatewayFor({ allowed: { models: ['mine'], peerModels: ['q/m3'] }, pins });
    expect(await listed(gateway)).toEqual(['busy', 'chat', 'first-theirs', 'mine', 'q/m3']);
    const { body } = await ask(gateway.port, { path: '/v1/models', headers: KEY });
    expect(body.toString()).not.toContain('author/theirs');
    expect(body.toString()).not.toContain('m2');
    const named = await gatewayFor({ allowed: { selectors: ['theirs-only'] }, pins });
    expect(await listed(named)).toEqual(['night', 'theirs-only']);
  });

  it('X1: /v1/models goes by what a name means now', async () => {
    const gateway = await gatewayFor({ allowed: { models: ['mine'] }, pins: { mine: 'other', 'author/theirs': 'my' } });
    expect(await listed(gateway)).toEqual(['author/theirs', 'busy', 'first-theirs']);
    for (const name of await listed(gateway)) expect(await outcome(gateway, chat(name))).toBe('200');
  });

  it('X1: /running and /upstream show the models that the key is for', async () => {
    const phases = { mine: 'ready', 'author/theirs': 'ready' } as const;
    const gateway = await gatewayFor({ allowed: { models: ['mine'] }, phases });
    const { body: running } = await ask(gateway.port, { path: '/running', headers: KEY });
    expect(JSON.parse(running.toString())).toMatchObject({ running: [{ model: 'mine' }] });
    const { body: upstream } = await ask(gateway.port, { path: '/upstream', headers: KEY });
    expect(JSON.parse(upstream.toString())).toMatchObject({ upstream: [{ id: 'mine' }] });
    expect(running.toString() + upstream.toString()).not.toContain('theirs');
  });
});
