import { afterEach, describe, expect, it } from 'vitest';
import type { Phase } from '../../machines/shared/phase.ts';
import type { Config, SelectorConfig, SelectorTarget } from '../../src/config/types.ts';
import { GatewayError } from '../../src/errors.ts';
import { createActivePins } from '../../src/dispatch/pins.ts';
import { errorIn, post, signal } from './ask.ts';
import { fakeDesk, gatewayKit, httpConfig, modelConfig, peerConfig, waitForAbort } from './fake-gateway.ts';
import type { FakeGateway } from './fake-gateway.ts';
import { echo, startUpstream } from './fake-upstream.ts';
import type { Echo } from './fake-upstream.ts';
import { noDesk } from './samples.ts';

const { gatewayWith, keep, closeAll } = gatewayKit();
afterEach(closeAll);

function model(name: string, id = name): SelectorTarget {
  return { kind: 'model', model: id, name };
}

function selector(targets: readonly SelectorTarget[], more: Partial<SelectorConfig> = {}): SelectorConfig {
  return {
    id: 'auto',
    strategy: 'pin',
    targets,
    spillover: 1,
    name: '',
    description: '',
    unlisted: false,
    metadata: {},
    ...more,
  };
}

function boardOf(phases: Record<string, Phase>) {
  return { phaseOf: (id: string): Phase => phases[id] ?? 'stopped', failureOf: () => null, actors: () => [] };
}

/** A gateway whose models all answer with what they were asked, but for those that are broken. */
async function gatewayFor(
  config: Config,
  broken: Record<string, GatewayError> = {},
  phases: Record<string, Phase> = {},
): Promise<FakeGateway> {
  const upstream = keep(await startUpstream(echo));
  const desk = fakeDesk(({ model: id }) => {
    const error = broken[id];
    if (error !== undefined) throw error;
    return upstream.upstream;
  });
  return gatewayWith(desk, { config, board: boardOf(phases) });
}

async function ask(gateway: FakeGateway, body = '{"model":"auto","seed":9007199254740993}'): Promise<Echo> {
  const response = await post(`${gateway.url}/v1/completions`, body);
  expect(response.status).toBe(200);
  return (await response.json()) as Echo;
}

const models = [modelConfig('a'), modelConfig('b', { aliases: ['bee'] }), modelConfig('c')];
const asked = (gateway: FakeGateway): string[] => gateway.desk.asked.map((destination) => destination.model);

describe('a selector', () => {
  it('sends to the chosen target, by the name that is written there', async () => {
    const config = httpConfig(models, { selectors: [selector([model('bee', 'b')])] });
    const gateway = await gatewayFor(config);
    expect((await ask(gateway)).body).toBe('{"model":"bee","seed":9007199254740993}');
    expect(asked(gateway)).toEqual(['b']);
  });

  it('is rewritten before filters, which go by the target', async () => {
    const filters = {
      stripParams: [],
      setParams: {},
      setParamsById: { bee: { effort: 'high' }, auto: { effort: 'no' } },
    };
    const config = httpConfig([modelConfig('b', { aliases: ['bee'], filters })], {
      selectors: [selector([model('bee', 'b')])],
    });
    const gateway = await gatewayFor(config);
    expect((await ask(gateway, '{"model":"auto"}')).body).toBe('{"model":"bee","effort":"high"}');
  });

  it('comes after the active profile', async () => {
    const pins = createActivePins();
    pins.activate('day');
    const config = httpConfig(models, {
      selectors: [selector([model('c')])],
      pins: [{ id: 'day', description: '', pins: new Map([['fast', 'auto']]) }],
    });
    const upstream = keep(await startUpstream(echo));
    const gateway = await gatewayWith(
      fakeDesk(() => upstream.upstream),
      { config, pins },
    );
    expect((await ask(gateway, '{"model":"fast"}')).body).toBe('{"model":"c"}');
  });

  it('is found in forms and queries too', async () => {
    const config = httpConfig(models, { selectors: [selector([model('c')])] });
    const gateway = await gatewayFor(config);
    const form = new FormData();
    form.set('model', 'auto');
    const heard = await fetch(`${gateway.url}/v1/audio/transcriptions`, { method: 'POST', body: form });
    expect(((await heard.json()) as Echo).body).toContain('name="model"\r\n\r\nc\r\n');
    const props = (await (await fetch(`${gateway.url}/props?model=auto`)).json()) as Echo;
    expect(props.url).toBe('/props?model=c');
  });

  it('is nothing below /upstream, nor for operators', async () => {
    const config = httpConfig(models, { selectors: [selector([model('c')])] });
    const gateway = await gatewayFor(config);
    expect((await fetch(`${gateway.url}/upstream/auto/x`)).status).toBe(404);
    expect((await post(`${gateway.url}/api/models/load/auto`, '')).status).toBe(404);
  });

  it('warm: takes what is ready', async () => {
    const config = httpConfig(models, { selectors: [selector([model('a'), model('c')], { strategy: 'warm' })] });
    const gateway = await gatewayFor(config, {}, { c: 'ready' });
    await ask(gateway);
    expect(asked(gateway)).toEqual(['c']);
  });

  it('spillover: goes on to the next target while the first is busy, and comes back', async () => {
    const config = httpConfig(models, { selectors: [selector([model('a'), model('b')], { strategy: 'spillover' })] });
    const hold = signal();
    const upstream = keep(
      await startUpstream((_req, res) => {
        void hold.done.then(() => res.end('{}'));
      }),
    );
    const gateway = await gatewayWith(
      fakeDesk(() => upstream.upstream),
      { config },
    );
    const first = post(`${gateway.url}/v1/completions`, '{"model":"auto"}');
    await expect.poll(() => asked(gateway)).toEqual(['a']);
    const second = post(`${gateway.url}/v1/completions`, '{"model":"auto"}');
    await expect.poll(() => asked(gateway)).toEqual(['a', 'b']);
    hold.set();
    await Promise.all([first, second].map(async (answer) => (await answer).text()));
    await gateway.desk.allBack();
    await (await post(`${gateway.url}/v1/completions`, '{"model":"auto"}')).text();
    expect(asked(gateway)).toEqual(['a', 'b', 'a']);
  });

  it('spillover: with every target being stopped there is nobody', async () => {
    const config = httpConfig(models, { selectors: [selector([model('a'), model('b')], { strategy: 'spillover' })] });
    const gateway = await gatewayWith(noDesk(), { config, board: boardOf({ a: 'stopping', b: 'stopping' }) });
    const response = await post(`${gateway.url}/v1/completions`, '{"model":"auto"}');
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('1');
    expect(errorIn(await response.text()).code).toBe('service_unavailable');
  });
});

describe('S7: a selector does not fail with its first target', () => {
  const cannotStart = new GatewayError('model_start_failed', 'a: no such file');

  it.each(['pin', 'warm', 'spillover'] as const)('%s: a target that cannot start', async (strategy) => {
    const targets = [model('a'), model('b'), model('c')];
    const config = httpConfig(models, { selectors: [selector(targets, { strategy })] });
    const cooling = new GatewayError('model_cooling_down', 'b: not yet');
    const gateway = await gatewayFor(config, { a: cannotStart, b: cooling });
    expect((await ask(gateway)).body).toBe('{"model":"c","seed":9007199254740993}');
    expect(asked(gateway)).toEqual(['a', 'b', 'c']);
    expect(gateway.log.filter((line) => line.includes('cannot serve'))).toHaveLength(2);
  });

  it('all of them: the error is that of the first, the preferred one', async () => {
    const config = httpConfig(models, { selectors: [selector([model('a'), model('b')])] });
    const gateway = await gatewayFor(config, {
      a: cannotStart,
      b: new GatewayError('model_start_failed', 'b: no such file'),
    });
    const response = await post(`${gateway.url}/v1/completions`, '{"model":"auto"}');
    expect(response.status).toBe(503);
    expect(errorIn(await response.text()).message).toBe('a: no such file');
  });

  it('spillover goes by the concurrencyLimit of the models too, the others do not', async () => {
    const full = { a: new GatewayError('concurrency_limit', 'a is full') };
    const targets = [model('a'), model('b')];
    const spill = await gatewayFor(
      httpConfig(models, { selectors: [selector(targets, { strategy: 'spillover' })] }),
      full,
    );
    await ask(spill);
    expect(asked(spill)).toEqual(['a', 'b']);
    const pin = await gatewayFor(httpConfig(models, { selectors: [selector(targets)] }), full);
    expect((await post(`${pin.url}/v1/completions`, '{"model":"auto"}')).status).toBe(429);
  });

  it('a peer that cannot be reached: the local target gets the request as the client sent it', async () => {
    const peer = peerConfig('east', ['gpt'], 1, { apiKey: 'secret' });
    const targets: SelectorTarget[] = [{ kind: 'peer', peer: 'east', model: 'gpt', name: 'east/gpt' }, model('c')];
    const gateway = await gatewayFor(httpConfig(models, { selectors: [selector(targets)], peers: [peer] }));
    const headers = { authorization: 'Bearer theirs', 'x-forwarded-for': '1.2.3.4' };
    const response = await post(`${gateway.url}/v/completions`, '{"model":"auto"}', headers);
    const seen = (await response.json()) as Echo;
    expect(seen).toMatchObject({ url: '/completions', body: '{"model":"c"}' });
    expect(seen.headers).toMatchObject({
      host: `127.0.0.1:${gateway.port}`,
      authorization: 'Bearer theirs',
      'x-forwarded-for': '1.2.3.4, 127.0.0.1',
      'content-length': '13',
    });
    expect(JSON.stringify(seen)).not.toContain('secret');
  });

  it('a stream that is told about the loading hears of the next target, and gets its answer', async () => {
    const upstream = keep(
      await startUpstream((_req, res) => {
        res.writeHead(200, { 'content-type': 'text/event-stream' }).end('data: [DONE]\n\n');
      }),
    );
    const opened = signal();
    const desk = fakeDesk(async (destination) => {
      if (destination.model === 'b') return upstream.upstream;
      await opened.done;
      throw cannotStart;
    });
    const loud = models.map((one) => ({ ...one, sendLoadingState: true }));
    const config = httpConfig(loud, { selectors: [selector([model('a'), model('b')])] });
    const gateway = await gatewayWith(desk, { config, feedbackTimes: { loadingAfterMs: 1 } });
    const response = await post(`${gateway.url}/v1/chat/completions`, '{"model":"auto","stream":true}');
    opened.set();
    const text = await response.text();
    expect(text).toContain('reasoning_content');
    expect(text).not.toContain('no such file');
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
    expect(asked(gateway)).toEqual(['a', 'b']);
  });

  it('a target that hung up over a request: the next one might do the same', async () => {
    const dying = keep(await startUpstream((req) => void req.socket.destroy()));
    const config = httpConfig(models, { selectors: [selector([model('a'), model('b')])] });
    const gateway = await gatewayWith(
      fakeDesk(() => dying.upstream),
      { config },
    );
    expect((await post(`${gateway.url}/v1/completions`, '{"model":"auto"}')).status).toBe(502);
    expect(asked(gateway)).toEqual(['a', 'a']);
  });

  it('a client that leaves is not sent elsewhere', async () => {
    const config = httpConfig(models, { selectors: [selector([model('a'), model('b')])] });
    const gateway = await gatewayWith(
      fakeDesk((_to, gone) => waitForAbort(gone)),
      { config },
    );
    const leaving = new AbortController();
    const request = fetch(`${gateway.url}/v1/completions`, {
      method: 'POST',
      body: '{"model":"auto"}',
      signal: leaving.signal,
    });
    await expect.poll(() => asked(gateway)).toEqual(['a']);
    leaving.abort();
    await expect(request).rejects.toThrow('aborted');
    await (await fetch(`${gateway.url}/health`)).text();
    expect(asked(gateway)).toEqual(['a']);
  });
});
