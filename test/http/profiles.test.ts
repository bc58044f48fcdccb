import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createActivePins } from '../../src/dispatch/pins.ts';
import type { ActivePins } from '../../src/dispatch/pins.ts';
import { ask, errorIn, post, sendRaw } from './ask.ts';
import { gatewayKit, httpConfig, modelConfig, peerConfig } from './fake-gateway.ts';
import type { FakeGateway } from './fake-gateway.ts';
import { echo, startUpstream } from './fake-upstream.ts';
import type { Echo } from './fake-upstream.ts';

const { gatewayTo, keep, closeAll } = gatewayKit();
afterEach(closeAll);

const filters = { stripParams: ['top_k'], setParams: {}, setParamsById: { 'alpha:hi': { effort: 'high' } } };
const day = {
  id: 'day',
  description: 'by day',
  pins: new Map<string, string | null>([
    ['fast', 'alpha:hi'],
    ['beta', 'alpha'],
    ['gone', null],
    ['team/fast', 'org/model'],
    ['far', 'east/gpt'],
  ]),
};
const night = { id: 'a-night', description: '', pins: new Map([['fast', 'beta']]) };

let pins: ActivePins;
let gateway: FakeGateway;

beforeEach(async () => {
  const peer = keep(await startUpstream(echo));
  const config = httpConfig(
    [modelConfig('alpha', { aliases: ['alpha:hi'], filters }), modelConfig('beta'), modelConfig('org/model')],
    { pins: [day, night], peers: [peerConfig('east', ['gpt'], peer.upstream.target.port)] },
  );
  pins = createActivePins();
  gateway = await gatewayTo(await startUpstream(echo), { config, pins });
});

async function choose(body: string): Promise<{ status: number; answer: unknown }> {
  const response = await fetch(`${gateway.url}/api/profiles/active`, { method: 'PUT', body });
  return { status: response.status, answer: await response.json() };
}

async function seen(body: string): Promise<Echo> {
  return (await (await post(`${gateway.url}/v1/completions`, body)).json()) as Echo;
}

describe('/api/profiles', () => {
  it('lists profiles by id with their pins, "" for what is switched off, and says which one is active', async () => {
    const list = async (): Promise<unknown> => (await fetch(`${gateway.url}/api/profiles`)).json();
    expect(await list()).toEqual({
      active: null,
      profiles: [
        { id: 'a-night', description: '', pins: { fast: 'beta' } },
        {
          id: 'day',
          description: 'by day',
          pins: { fast: 'alpha:hi', beta: 'alpha', gone: '', 'team/fast': 'org/model', far: 'east/gpt' },
        },
      ],
    });
    expect(await choose('{"name":"day","more":1}')).toEqual({ status: 200, answer: { active: 'day' } });
    expect(await list()).toMatchObject({ active: 'day' });
  });

  it('null and "" stand for none', async () => {
    for (const none of ['{"name":null}', '{"name":""}']) {
      pins.activate('day');
      expect(await choose(none)).toEqual({ status: 200, answer: { active: null } });
    }
  });

  it.each([
    ['{"name":"nobody"}', 404],
    ['{}', 400],
    ['{"name":1}', 400],
    ['[]', 400],
    ['null', 400],
    ['', 400],
    ['{"name":', 400],
  ])('%s is a %i and changes nothing', async (body, status) => {
    pins.activate('day');
    expect((await choose(body)).status).toBe(status);
    expect(pins.active(httpConfig([], { pins: [day] }))).toBe(day);
  });

  it('answers another method with the right one', async () => {
    const { message } = await ask(gateway.port, { method: 'POST', path: '/api/profiles/active' });
    expect([message.statusCode, message.headers.allow]).toEqual([405, 'PUT']);
  });
});

describe('an active pin', () => {
  it('leads to its target, and filters go by the target, an alias too', async () => {
    pins.activate('day');
    expect((await seen('{"model":"fast","top_k":1}')).body).toBe('{"model":"alpha:hi","effort":"high"}');
    expect(gateway.desk.asked).toEqual([{ unit: 'model:alpha', model: 'alpha' }]);
  });

  it('may have the name of a model, and does not chain', async () => {
    pins.activate('day');
    expect((await seen('{"model":"beta"}')).body).toBe('{"model":"alpha"}');
  });

  it('may lead to a peer', async () => {
    pins.activate('day');
    expect((await seen('{"model":"far"}')).body).toBe('{"model":"gpt"}');
    expect(gateway.desk.asked).toEqual([]);
  });

  it('that is switched off is a 404 of its own', async () => {
    pins.activate('day');
    for (const response of [
      await post(`${gateway.url}/v1/completions`, '{"model":"gone"}'),
      await fetch(`${gateway.url}/upstream/gone/x`),
    ]) {
      expect(response.status).toBe(404);
      expect(errorIn(await response.text()).message).toContain("disabled by the active profile 'day'");
    }
  });

  it('is nothing while its profile is not active, or another one is', async () => {
    expect((await post(`${gateway.url}/v1/completions`, '{"model":"fast"}')).status).toBe(404);
    pins.activate('a-night');
    expect((await seen('{"model":"fast"}')).body).toBe('{"model":"beta"}');
    expect((await seen('{"model":"beta"}')).body).toBe('{"model":"beta"}');
  });

  it.each([
    ['/upstream/fast/v1/a%2Fb?x=1', 'alpha', '/v1/a%2Fb?x=1'],
    ['/upstream/team/fast/x', 'org/model', '/x'],
    ['/upstream/team%2Ffast/x', 'org/model', '/x'],
    ['/upstream/beta/x', 'alpha', '/x'],
    ['/upstream/org/model/x', 'org/model', '/x'],
  ])('%s: the path leads to %s, the body stays', async (path, model, url) => {
    pins.activate('day');
    const response = await post(`${gateway.url}${path}`, '{"model":"whatever"}');
    expect((await response.json()) as Echo).toMatchObject({ url, body: '{"model":"whatever"}' });
    expect(gateway.desk.asked.at(-1)?.model).toBe(model);
  });

  it('only counts on whole segments of a path', async () => {
    pins.activate('day');
    expect((await fetch(`${gateway.url}/upstream/fast2/x`)).status).toBe(404);
  });

  it('a path without a slash leads to the home of the target', async () => {
    pins.activate('day');
    const { message } = await ask(gateway.port, { path: '/upstream/team/fast?a=b' });
    expect([message.statusCode, message.headers.location]).toEqual([301, '/upstream/org/model/?a=b']);
  });

  it('counts for a WebSocket', async () => {
    pins.activate('day');
    const lines = 'GET /upstream/gone/ws HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n';
    expect(await sendRaw(gateway.port, lines)).toMatch(/^HTTP\/1\.1 404 /);
  });

  it('is nothing for operators: they speak of models', async () => {
    pins.activate('day');
    expect((await post(`${gateway.url}/api/models/load/fast`, '')).status).toBe(404);
  });
});

it('many switches and lists at once: each list is of one moment', async () => {
  const names = ['day', 'a-night', null];
  const answers = await Promise.all(
    Array.from({ length: 30 }, async (_item, at) => {
      await choose(JSON.stringify({ name: names[at % 3] ?? null }));
      return (await (await fetch(`${gateway.url}/api/profiles`)).json()) as { active: string | null };
    }),
  );
  for (const { active } of answers) expect(names).toContain(active);
});
