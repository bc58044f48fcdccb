import { afterEach, describe, expect, it } from 'vitest';
import { closeGateways, startGateway, type TestGateway } from '../kit/gateway.ts';
import { awaitLogLine } from './clients.ts';
import { openEvents, type EventReader } from './events.ts';
import { openPage, type Page } from './page.ts';

// Every call that llama-swap's own page makes, made as it makes them, from a page that another server has sent.

afterEach(closeGateways);

const ORIGIN = 'http://dashboard.example:5173';
const RFC3339 = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/);
const NUMBER = expect.any(Number);
const TEXT = expect.any(String);

const IN_FLIGHT = {
  id: TEXT,
  timestamp: RFC3339,
  model: 'alpha',
  req_path: '/v1/chat/completions',
  method: 'POST',
  req_headers: expect.objectContaining({ 'Content-Type': 'application/json' }),
  remote_ip: TEXT,
  resp_headers: expect.any(Object),
  resp_bytes: NUMBER,
  elapsed_ms: NUMBER,
};

async function start(rest: object = {}): Promise<{ gateway: TestGateway; page: Page }> {
  const gateway = await startGateway(
    {
      alpha: {
        name: 'Alpha',
        description: 'the first',
        aliases: ['a'],
        metadata: { size: 'small' },
        capabilities: { in: ['text', 'image'], out: ['text'], tools: true, context: 4096 },
      },
      'author/beta': { unlisted: true },
    },
    {
      server: { cors: { origins: [ORIGIN] } },
      peers: { far: { proxy: 'http://127.0.0.1:9', models: ['gamma'] } },
      selectors: { any: { strategy: 'warm', targets: ['alpha', 'author/beta'] } },
      profiles: { night: { description: 'big ones', pins: { chat: 'alpha', draw: null } } },
      ...rest,
    },
  );
  return { gateway, page: openPage(gateway.url, ORIGIN) };
}

function connect(gateway: TestGateway): Promise<EventReader> {
  return openEvents(gateway.url, { origin: ORIGIN, 'sec-fetch-site': 'cross-site' });
}

describe('GET /api/events', () => {
  it('begins with the state of everything, in the order the page counts on', async () => {
    const { gateway } = await start();
    await using events = await connect(gateway);
    await events.next('inflight');
    expect(events.frames.map(({ type }) => type)).toEqual([
      'logData',
      'logData',
      'modelStatus',
      'uiConfig',
      'profileChanged',
      'inflight',
    ]);
    const [proxy, upstream, models, ui, profile, inFlight] = events.frames.map(({ data }) => data as unknown);
    expect(proxy).toEqual({ source: 'proxy', data: TEXT });
    expect(upstream).toEqual({ source: 'upstream', data: TEXT });
    expect(models).toMatchObject([
      {
        id: 'alpha',
        name: 'Alpha',
        description: 'the first',
        state: 'stopped',
        unlisted: false,
        peerID: '',
        aliases: ['a'],
        capabilities: { vision: true, function_calling: true },
        context_length: 4096,
      },
      { id: 'author/beta', name: '', description: '', state: 'stopped', unlisted: true, peerID: '' },
      { id: 'far/gamma', state: '', unlisted: false, peerID: 'far' },
    ]);
    expect(ui).toEqual({ activity: { session_id: ['X-Session-ID', 'X-Litellm-Session-Id'] } });
    expect(profile).toEqual({ active: null });
    expect(inFlight).toEqual({ operation: 'snapshot' });
  });

  it('is what a browser calls an event stream: headers, no space after the colons, data in data', async () => {
    const { gateway } = await start();
    const leaving = new AbortController();
    const response = await fetch(`${gateway.url}/api/events`, { signal: leaving.signal, headers: { origin: ORIGIN } });
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache',
      'x-accel-buffering': 'no',
      'x-content-type-options': 'nosniff',
      'access-control-allow-origin': ORIGIN,
    });
    const { value = '' } = (await response.body?.pipeThrough(new TextDecoderStream()).getReader().read()) ?? {};
    expect(value).toMatch(/^event:message\ndata:\{"type":"logData","data":"\{\\"source\\":\\"proxy\\"/);
    leaving.abort();
  });

  it('tells the life of a model in the words the page knows', async () => {
    const { gateway, page } = await start();
    await using events = await connect(gateway);
    await events.next('inflight');
    expect((await page.fetch('/upstream/alpha/?_=1')).status).toBe(200);
    await page.fetch('/api/models/unload', { method: 'POST' });
    const seen: string[] = [];
    for (const state of ['starting', 'ready', 'stopping', 'stopped']) {
      const isThere = (models: { id: string; state: string }[]) =>
        models[0]?.id === 'alpha' && models[0].state === state;
      await events.next('modelStatus', isThere);
      seen.push(state);
    }
    expect(seen).toEqual(['starting', 'ready', 'stopping', 'stopped']);
    const states = events.frames
      .filter(({ type }) => type === 'modelStatus')
      .map(({ data }) => data[0].state as string);
    expect(new Set(states)).toEqual(new Set(['stopped', 'starting', 'ready', 'stopping']));
  });

  it('tells of each request in flight when it comes, moves and goes, and of its activity', async () => {
    const { gateway, page } = await start();
    await using events = await connect(gateway);
    await events.next('inflight');
    const slow = { model: 'a', stream: true, chunks: 20, chunk_delay_ms: 40 };
    const answer = await page.send('POST', '/v1/chat/completions', slow, { 'x-session-id': 'lspg-12345' });
    const first = await events.next('inflight', ({ operation }) => operation === 'upsert');
    expect(first.request).toMatchObject({
      ...IN_FLIGHT,
      req_headers: { 'X-Session-Id': 'lspg-12345' },
      resp_headers: {},
      resp_bytes: 0,
    });
    const moved = await events.next('inflight', ({ request }) => request?.resp_bytes > 0);
    expect(moved.request).toMatchObject({ ...IN_FLIGHT, resp_headers: { 'Content-Type': 'text/event-stream' } });
    await answer.text();
    await events.next('inflight', ({ operation, id }) => operation === 'remove' && id === first.request.id);
    const ids = events.frames.filter(({ type }) => type === 'activity').map(({ data }) => data as unknown);
    expect(ids.length === 0 ? [await events.next('activity')] : ids).toEqual([{ id: 1 }]);
  });
});

describe('what the page reads', () => {
  it('GET /api/version', async () => {
    const { page } = await start();
    expect(await page.json('/api/version')).toMatchObject({ version: TEXT, commit: TEXT, build_date: TEXT });
  });

  it('GET /v1/models: all that can be asked for, with what the playground chooses by', async () => {
    const { page } = await start({ includeAliasesInList: true });
    const common = { object: 'model', created: NUMBER, owned_by: 'llama-swap' };
    const alpha = {
      ...common,
      name: 'Alpha',
      description: 'the first',
      status: { value: 'unloaded' },
      capabilities: { vision: true, function_calling: true },
      supported_parameters: ['tools', 'tool_choice'],
      context_length: 4096,
      architecture: { input_modalities: ['text', 'image'], output_modalities: ['text'], modality: 'text+image->text' },
    };
    expect(await page.json('/v1/models')).toMatchObject({
      object: 'list',
      data: [
        { id: 'a', ...alpha, meta: { llamaswap: { type: 'alias', modelID: 'alpha', size: 'small' }, n_ctx: 4096 } },
        { id: 'alpha', ...alpha, meta: { llamaswap: { type: 'model', aliases: ['a'], size: 'small' }, n_ctx: 4096 } },
        {
          id: 'any',
          ...common,
          meta: { llamaswap: { type: 'selector', strategy: 'warm', targets: ['alpha', 'author/beta'], spillover: 1 } },
        },
        { id: 'far/gamma', ...common, name: 'far: gamma', meta: { llamaswap: { type: 'peer', peerID: 'far' } } },
      ],
    });
  });

  it('GET /api/metrics/activity and /stats, and GET /api/captures/<n>', async () => {
    const { gateway, page } = await start();
    await using events = await connect(gateway);
    await (await page.send('POST', '/v1/chat/completions', { model: 'alpha' })).text();
    const { id } = (await events.next('activity')) as { id: number };
    const entry = {
      id,
      timestamp: RFC3339,
      model: 'alpha',
      req_path: '/v1/chat/completions',
      resp_content_type: expect.stringContaining('application/json'),
      resp_status_code: 200,
      tokens: {
        cache_tokens: NUMBER,
        draft_tokens: NUMBER,
        draft_acc_tokens: NUMBER,
        input_tokens: 3,
        output_tokens: 5,
        prompt_per_second: NUMBER,
        tokens_per_second: NUMBER,
      },
      duration_ms: NUMBER,
      has_capture: true,
    };
    const query = `model=alpha&page=1&limit=10&sort=id&order=desc&min_id=${id}&max_id=${id}`;
    expect(await page.json(`/api/metrics/activity?${query}`)).toMatchObject({
      data: [entry],
      page: 1,
      limit: 10,
      total: 1,
      total_pages: 1,
    });
    expect(await page.json('/api/metrics/activity?page=9')).toMatchObject({ data: [], page: 9, total: 1 });

    expect(await page.json('/api/metrics/stats?model=alpha')).toMatchObject({
      total_requests: 1,
      total_input_tokens: 3,
      total_output_tokens: 5,
      total_cache_tokens: 0,
      prompt_histogram: null,
      gen_histogram: null,
    });

    const capture = (await page.json(`/api/captures/${id}`)) as { req_body: string; resp_body: string };
    expect(capture).toMatchObject({
      id,
      req_path: '/v1/chat/completions',
      req_headers: expect.any(Object),
      resp_headers: expect.any(Object),
    });
    expect(JSON.parse(Buffer.from(capture.req_body, 'base64').toString())).toEqual({ model: 'alpha' });
    expect(Buffer.from(capture.resp_body, 'base64').toString()).toContain('Hello from model alpha.');
    expect((await page.fetch('/api/captures/12345')).status).toBe(404);
  });

  it('GET /api/performance, all and then what is new, and GET /api/hardware', async () => {
    const { page } = await start();
    const whole = (await page.json('/api/performance')) as { sys_stats: unknown; gpu_stats: unknown };
    expect(whole).toMatchObject({ enabled: true });
    for (const list of [whole.sys_stats, whole.gpu_stats]) expect(list === null || Array.isArray(list)).toBe(true);
    const since = await page.json(`/api/performance?after=${encodeURIComponent('2100-01-01T00:00:00Z')}`);
    expect(since).toMatchObject({ enabled: true, sys_stats: [], gpu_stats: [] });
    expect(await page.json('/api/hardware')).toMatchObject({
      schema_version: 1,
      captured_at: RFC3339,
      capture: { scope: 'inference_host', method: 'detected' },
      architecture: expect.any(Object),
      operating_system: expect.any(Object),
      environment: { kind: TEXT },
      cpu: expect.any(Object),
      memory: expect.any(Object),
      accelerators: expect.any(Array),
    });
  });

  it('GET /api/performance says so when nobody measures', async () => {
    const { page } = await start({ performance: { disabled: true } });
    const response = await page.fetch('/api/performance');
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({ enabled: false });
  });

  it('GET /logs/stream/<id>, the slash in the id encoded', async () => {
    const { gateway, page } = await start();
    await page.fetch('/upstream/author/beta/');
    await awaitLogLine(gateway.url, 'author/beta', 'server is listening');
    const response = await page.fetch('/logs/stream/author%2Fbeta');
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toMatch(/^text\/plain/);
    await response.body?.cancel();
    expect((await page.fetch('/logs/stream/nobody')).ok).toBe(false);
  });
});

describe('what the page changes', () => {
  it('GET and PUT /api/profiles: one is switched on, and off', async () => {
    const { gateway, page } = await start();
    await using events = await connect(gateway);
    const night = { id: 'night', description: 'big ones', pins: { chat: 'alpha', draw: '' } };
    expect(await page.json('/api/profiles')).toEqual({ active: null, profiles: [night] });
    for (const name of ['night', null]) {
      const response = await page.send('PUT', '/api/profiles/active', { name });
      expect(await response.json()).toEqual({ active: name });
      expect(await events.next('profileChanged', ({ active }) => active === name)).toEqual({ active: name });
      await events.next('modelStatus');
    }
    expect((await page.send('PUT', '/api/profiles/active', { name: 'day' })).status).toBe(404);
  });

  it('GET /upstream/<id>/ loads a model, POST /api/models/unload/<id> with the id as it is unloads it', async () => {
    const { gateway, page } = await start();
    expect((await page.fetch('/upstream/author/beta/?_=1700000000000')).status).toBe(200);
    expect(gateway.life()).toContain('author/beta ready');
    expect((await page.fetch('/api/models/unload/author/beta', { method: 'POST' })).status).toBe(200);
    expect(gateway.life().at(-1)).toBe('author/beta stopped');
    expect((await page.fetch('/upstream/author%2Fbeta/')).status).toBe(200);
    const all = await page.fetch('/api/models/unload', { method: 'POST' });
    expect(await all.json()).toEqual({ msg: 'ok' });
    expect(gateway.life().at(-1)).toBe('author/beta stopped');
  });

  it('POST /api/inflight/<id>/cancel ends a request and the work for it', async () => {
    const { gateway, page } = await start();
    await using events = await connect(gateway);
    const asked = page.send('POST', '/v1/chat/completions', {
      model: 'alpha',
      stream: true,
      chunks: 1e6,
      chunk_delay_ms: 10,
    });
    const { request } = await events.next('inflight', (data) => data.request?.resp_bytes > 0);
    const cancelled = await page.fetch(`/api/inflight/${request.id}/cancel`, { method: 'POST' });
    expect(await cancelled.json()).toEqual({ msg: 'ok' });
    await (await asked).text().catch(() => 'cut');
    await events.next('inflight', ({ operation, id }) => operation === 'remove' && id === request.id);
    await awaitLogLine(gateway.url, 'alpha', 'client left /v1/chat/completions');
    expect((await page.fetch('/api/inflight/12345/cancel', { method: 'POST' })).status).toBe(404);
  });

  it('none of it from a site that is not allowed', async () => {
    const { gateway } = await start();
    const foreign = openPage(gateway.url, 'https://evil.example');
    await expect(foreign.fetch('/api/models/unload', { method: 'POST' })).rejects.toThrow('must not read');
    await gateway.ready('alpha');
    await expect(foreign.fetch('/unload')).rejects.toThrow('must not read');
    expect(gateway.life().at(-1)).toBe('alpha ready');
  });
});

describe('the playground', () => {
  const SESSION = { 'x-session-id': 'lspg-12345' };
  const CHAT = { model: 'alpha', stream: true, messages: [{ role: 'user', content: 'Hello' }] };

  it.each([
    ['/v1/chat/completions', CHAT, /"delta":\{"content":" alpha\."\}/],
    ['/v1/messages', { ...CHAT, max_tokens: 10 }, /^event: content_block_delta$/m],
    ['/v1/responses', { model: 'alpha', stream: true, input: 'Hello' }, /^event: response\.output_text\.delta$/m],
  ])('streams POST %s', async (path, body, expected) => {
    const { page } = await start();
    const response = await page.send('POST', path, body, SESSION);
    expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
    expect(await response.text()).toMatch(expected);
  });

  it.each([
    ['/v1/images/generations', { model: 'alpha', prompt: 'a llama' }, { data: [{ b64_json: TEXT }] }],
    ['/sdapi/v1/txt2img', { model: 'alpha', prompt: 'a llama' }, { images: [TEXT] }],
    ['/v1/rerank', { model: 'alpha', query: 'q', documents: ['d'] }, { results: [{ index: 0 }] }],
  ])('POST %s', async (path, body, expected) => {
    const { page } = await start();
    expect(await (await page.send('POST', path, body, SESSION)).json()).toMatchObject(expected);
  });

  it('asks for styles and voices by query, speaks and transcribes', async () => {
    const { page } = await start();
    expect(await page.json('/sdapi/v1/loras?model=alpha', { headers: SESSION })).toMatchObject([{ name: 'style' }]);
    expect(await page.json('/v1/audio/voices?model=alpha', { headers: SESSION })).toEqual({ voices: ['anna', 'ben'] });
    const speech = await page.send('POST', '/v1/audio/speech', { model: 'alpha', input: 'Hello' }, SESSION);
    expect(speech.headers.get('content-type')).toBe('audio/mpeg');
    const form = new FormData();
    form.set('file', new Blob([new Uint8Array([0, 1, 0xff])]), 'sound.webm');
    form.set('model', 'alpha');
    const transcription = await page.fetch('/v1/audio/transcriptions', {
      method: 'POST',
      body: form,
      headers: SESSION,
    });
    expect(await transcription.json()).toEqual({ text: 'Hello from model alpha.' });
  });
});

it('its links lead to the pages of the models', async () => {
  const gateway = await startGateway({ 'author/beta': {}, comfyui_auto: {} });
  expect((await fetch(`${gateway.url}/upstream/author%2Fbeta/`)).status).toBe(200);
  expect((await fetch(`${gateway.url}/comfyui/`)).status).toBe(200);
  expect(gateway.life()).toEqual(expect.arrayContaining(['author/beta ready', 'comfyui_auto ready']));
});
