import { afterEach, expect, test } from 'vitest';
import { closeGateways, startGateway } from '../../kit/gateway.ts';

afterEach(closeGateways);

interface Answer {
  readonly model?: string;
  readonly name?: string;
}

test('preload: models are loaded one after the other at the start, and one that cannot be is passed over', async () => {
  const lines: string[] = [];
  const gateway = await startGateway(
    { alpha: { aliases: ['a'] }, broken: { fixture: 'crashing-early' }, beta: {} },
    { hooks: { on_startup: { preload: ['a', 'broken', 'beta', 'nobody'] } } },
    { print: (line) => void lines.push(line) },
  );
  await gateway.reaches('beta', 'ready');
  const ready = gateway.life().filter((step) => step.endsWith(' ready'));
  expect(ready).toEqual(['alpha ready', 'beta ready']);
  expect(gateway.life()).toContain('broken starting');
  const preloads = (): string[] => lines.filter((line) => line.includes('preload: '));
  await expect.poll(() => preloads().length).toBe(3);
  expect(preloads()[0]).toContain('preload: alpha is ready');
  expect(preloads()[1]).toContain('preload: broken could not be loaded');
  expect(preloads()[2]).toContain('preload: beta is ready');
});

test('S7: a selector whose first target is broken serves by the second, and asks the first again when it may', async () => {
  const gateway = await startGateway(
    { broken: { fixture: 'crashing-early' }, sound: {} },
    { selectors: { auto: { strategy: 'pin', targets: ['broken', 'sound'] } } },
  );
  for (let request = 0; request < 3; request += 1) {
    const response = await gateway.chat('auto');
    expect(response.status).toBe(200);
    await response.text();
  }
  expect(gateway.life()).toContain('broken starting');
  expect(gateway.life()).toContain('sound ready');
});

test('one gateway is the peer of another: its models are asked for there, and its key goes along', async () => {
  const far = await startGateway({ qwen: {} }, { apiKeys: ['far-key'] });
  const near = await startGateway(
    { own: {} },
    {
      apiKeys: ['near-key'],
      peers: { far: { proxy: far.url, models: ['qwen'], apiKey: 'far-key' } },
      profiles: { day: { pins: { fast: 'far/qwen' } } },
    },
  );
  const headers = { authorization: 'Bearer near-key', 'content-type': 'application/json' };
  const refused = await near.chat('far/qwen');
  expect(refused.status).toBe(401);
  const put = { method: 'PUT', headers, body: '{"name":"day"}' };
  expect((await fetch(`${near.url}/api/profiles/active`, put)).status).toBe(200);
  for (const name of ['far/qwen', 'qwen', 'fast']) {
    const response = await near.chat(name, {}, { headers });
    expect([response.status, name]).toEqual([200, name]);
    expect(JSON.stringify((await response.json()) as Answer)).toContain('qwen');
  }
  expect(far.life()).toContain('qwen ready');
  expect(near.life()).toEqual([]);
});
