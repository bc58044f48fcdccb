import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import type { ActivityPage } from '../../src/activity/page.ts';
import { GatewayError } from '../../src/errors.ts';
import { ask, begin, CHAT, errorIn, SOON } from './ask.ts';
import { fakeDesk, gatewayKit, httpConfig, modelConfig } from './fake-gateway.ts';
import type { FakeGateway } from './fake-gateway.ts';
import { bodyOf, startUpstream } from './fake-upstream.ts';
import type { FakeUpstream } from './fake-upstream.ts';
import { readEvents } from './sse.ts';

const { gatewayTo, gatewayWith, closeAll } = gatewayKit();
afterEach(closeAll);

const USAGE = { prompt_tokens: 25, completion_tokens: 10, prompt_tokens_details: { cached_tokens: 5 } };
const base = httpConfig([modelConfig('alpha', { aliases: ['a'], priority: 3 }), modelConfig('beta')]);
const withCaptures = { ...base, activity: { ...base.activity, captureBytes: 1024 * 1024 } };

function answering(body: string, headers: Record<string, string> = {}, status = 200): Promise<FakeUpstream> {
  return startUpstream((req, res) => {
    void bodyOf(req).then(() => res.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body));
  });
}

async function getJson<T>(gateway: FakeGateway, path: string): Promise<T> {
  const { body } = await ask(gateway.port, { path });
  return JSON.parse(body.toString()) as T;
}

type ActivityEntry = ActivityPage['data'][number];

/** The newest entry, as soon as there are so many. */
async function entry(gateway: FakeGateway, count = 1): Promise<ActivityEntry> {
  const page = (): Promise<ActivityPage> => getJson(gateway, '/api/metrics/activity');
  await expect.poll(async () => (await page()).total, SOON).toBe(count);
  const [newest] = (await page()).data;
  if (newest === undefined) throw new Error('no entry');
  return newest;
}

describe('an entry', () => {
  it('has the tokens, the model behind an alias, the path of the upstream, and who asked', async () => {
    const gateway = await gatewayTo(await answering(JSON.stringify({ usage: USAGE })), { config: base });
    await ask(gateway.port, { ...CHAT, path: '/v/chat/completions', body: '{"model":"a"}' });
    expect(await entry(gateway)).toMatchObject({
      id: 1,
      model: 'alpha',
      req_path: '/chat/completions',
      resp_content_type: 'application/json',
      resp_status_code: 200,
      tokens: { input_tokens: 25, output_tokens: 10, cache_tokens: 5 },
      has_capture: false,
      metadata: { fifo_priority: '3' },
      client: '127.0.0.1',
      queue_ms: expect.any(Number),
      load_ms: 0,
    });
  });

  it('D3: of a stream has the time to the first token', async () => {
    const stream = `data: {"choices":[]}\n\ndata: ${JSON.stringify({ usage: USAGE })}\n\ndata: [DONE]\n\n`;
    const gateway = await gatewayTo(await answering(stream, { 'content-type': 'text/event-stream' }), { config: base });
    await ask(gateway.port, CHAT);
    const { ttft_ms: firstToken = -1, duration_ms: duration, tokens } = await entry(gateway);
    expect(firstToken).toBeGreaterThan(0);
    expect(firstToken).toBeLessThan(duration + 1);
    expect(tokens.input_tokens).toBe(25);
  });

  it('is made below /upstream too, for the listed paths', async () => {
    const gateway = await gatewayTo(await answering(JSON.stringify({ usage: USAGE })), { config: base });
    await ask(gateway.port, { ...CHAT, path: '/upstream/a/other' });
    await ask(gateway.port, { ...CHAT, path: '/upstream/a/v1/embeddings?x=1' });
    await ask(gateway.port, { path: '/props?model=a' });
    expect(await entry(gateway)).toMatchObject({ model: 'alpha', req_path: '/v1/embeddings' });
  });

  it.each([
    ['an unknown model', '{"model":"nobody"}', null, 404, 'nobody'],
    ['a refusal', '{"model":"alpha"}', new GatewayError('concurrency_limit', 'too many'), 429, 'alpha'],
    ['a start that failed', '{"model":"alpha"}', new GatewayError('model_start_failed', 'no weights'), 503, 'alpha'],
  ])('tells of %s', async (_what, body, refusal, status, model) => {
    const desk = fakeDesk(() => Promise.reject(refusal ?? new Error('not asked')));
    const gateway = await gatewayWith(desk, { config: base });
    const { message } = await ask(gateway.port, { ...CHAT, body });
    expect(message.statusCode).toBe(status);
    const made = await entry(gateway);
    expect(made).toMatchObject({ model, resp_status_code: status, error_msg: expect.stringMatching(/\w/) });
    expect(made.metadata).toBeUndefined();
  });

  it('is not made without a model, nor without a valid body', async () => {
    const gateway = await gatewayTo(await answering('{}'), { config: base });
    await ask(gateway.port, { ...CHAT, body: '{}' });
    await ask(gateway.port, { ...CHAT, body: 'nonsense' });
    await ask(gateway.port, CHAT);
    expect((await entry(gateway)).resp_status_code).toBe(200);
  });

  it("tells an upstream's error in its own words", async () => {
    const gateway = await gatewayTo(await answering('{"error":{"message":"too long"}}', {}, 400), { config: base });
    await ask(gateway.port, CHAT);
    expect(await entry(gateway)).toMatchObject({ resp_status_code: 400, error_msg: 'too long' });
  });

  it('R6: of a client that left while it waited is no 200', async () => {
    const desk = fakeDesk(
      (_destination, waiting) =>
        new Promise((_resolve, reject) => {
          waiting.addEventListener('abort', () => reject(new GatewayError('client_closed_request', 'gone')));
        }),
    );
    const gateway = await gatewayWith(desk, { config: base });
    const req = begin(gateway.port, CHAT);
    req.on('error', () => {});
    req.end(CHAT.body);
    await expect.poll(() => desk.asked.length, SOON).toBe(1);
    req.destroy();
    expect(await entry(gateway)).toMatchObject({ resp_status_code: 499, error_msg: expect.stringContaining('left') });
  });

  it('R4: of an upstream that broke off, or a client that left in the middle, is no 200 either', async () => {
    const upstream = await startUpstream((req, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.write('data: {}\n\n');
      void bodyOf(req).then((body) => {
        if (body.includes('break')) res.destroy();
      });
    });
    const gateway = await gatewayTo(upstream, { config: base });
    const broken = await readEvents(gateway.port, { ...CHAT, body: '{"model":"alpha","break":1}' });
    await expect(broken.end).rejects.toThrow('aborted');
    expect(await entry(gateway)).toMatchObject({
      resp_status_code: 502,
      error_msg: expect.stringContaining('broke off'),
    });
    const left = await readEvents(gateway.port, CHAT);
    await left.until('data: {}');
    left.req.destroy();
    expect(await entry(gateway, 2)).toMatchObject({
      resp_status_code: 499,
      error_msg: expect.stringContaining('in the middle'),
    });
  });
});

describe('the API', () => {
  it('pages, filters, and refuses what it does not understand', async () => {
    const gateway = await gatewayTo(await answering(JSON.stringify({ usage: USAGE })), { config: base });
    for (const model of ['alpha', 'beta', 'alpha']) {
      await ask(gateway.port, { ...CHAT, body: JSON.stringify({ model }) });
    }
    await entry(gateway, 3);
    const page = await getJson<ActivityPage>(gateway, '/api/metrics/activity?model=alpha&limit=1&page=2&order=ASC');
    expect(page).toMatchObject({ page: 2, limit: 1, total: 2, total_pages: 2, data: [{ id: 3, model: 'alpha' }] });
    expect(await getJson<ActivityPage>(gateway, '/api/metrics/activity?page=9')).toMatchObject({ data: [], total: 3 });
    for (const query of [
      'limit=0',
      'limit=1000',
      'page=x',
      'sort=nothing',
      'order=up',
      'start=yesterday',
      'min_id=2&max_id=1',
    ]) {
      const { message, body } = await ask(gateway.port, { path: `/api/metrics/activity?${query}` });
      expect([message.statusCode, errorIn(body).code]).toEqual([400, 'bad_request']);
    }
    expect(await getJson(gateway, '/api/metrics/stats?model=alpha')).toMatchObject({
      total_requests: 2,
      total_input_tokens: 50,
      total_output_tokens: 20,
      total_cache_tokens: 10,
      prompt_histogram: null,
    });
  });

  it('tells the version, and that nothing watches the machine', async () => {
    const gateway = await gatewayTo(await answering('{}'), { config: base });
    expect(await getJson(gateway, '/api/version')).toEqual({
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      commit: expect.any(String),
      build_date: expect.any(String),
    });
    const { message, body } = await ask(gateway.port, { path: '/api/performance' });
    expect([message.statusCode, JSON.parse(body.toString())]).toEqual([503, { enabled: false }]);
  });
});

describe('captures', () => {
  const path = '/api/captures/1';

  it('hold the request as it went upstream and the answer, decoded, without secrets', async () => {
    const answer = JSON.stringify({ usage: USAGE });
    const upstream = await startUpstream((req, res) => {
      void bodyOf(req).then(() =>
        res
          .writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip', 'set-cookie': 'x=1' })
          .end(gzipSync(answer)),
      );
    });
    const models = [modelConfig('alpha', { useModelName: 'real' })];
    const config = { ...withCaptures, models: httpConfig(models).models };
    const gateway = await gatewayTo(upstream, { config });
    await ask(gateway.port, { ...CHAT, headers: { 'x-api-key': 'sk-1', 'accept-encoding': 'gzip' } });
    expect(await entry(gateway)).toMatchObject({ has_capture: true, tokens: { input_tokens: 25 } });
    const { message, body } = await ask(gateway.port, { path });
    expect(message.headers['content-type']).toBe('application/json');
    const capture = JSON.parse(body.toString()) as Record<string, string> & { req_headers: object };
    expect(Buffer.from(capture['req_body'] ?? '', 'base64').toString()).toBe('{"model":"real"}');
    expect(Buffer.from(capture['resp_body'] ?? '', 'base64').toString()).toBe(answer);
    expect(capture.req_headers).toMatchObject({ 'X-Api-Key': '[REDACTED]', 'Content-Length': '16' });
    expect(capture['resp_headers']).toMatchObject({ 'Set-Cookie': '[REDACTED]', 'Content-Type': 'application/json' });
    expect(capture['resp_headers']).not.toHaveProperty('Content-Encoding');
  });

  it('hold a body that was streamed below /upstream', async () => {
    const gateway = await gatewayTo(await answering('{"ok":1}'), { config: withCaptures });
    await ask(gateway.port, { ...CHAT, path: '/upstream/alpha/v1/chat/completions' });
    await entry(gateway);
    const capture = await getJson<Record<string, string>>(gateway, path);
    expect(Buffer.from(capture['req_body'] ?? '', 'base64').toString()).toBe(CHAT.body);
  });

  it('of a failure hold the request only; of sound and pictures the rest only', async () => {
    const gateway = await gatewayTo(await answering('{"error":"no"}', {}, 500), { config: withCaptures });
    await ask(gateway.port, CHAT);
    await entry(gateway);
    expect(await getJson(gateway, path)).toMatchObject({ req_body: expect.any(String), resp_body: null });
  });

  it('D4: what does not fit is not kept, whatever the number of requests at a time', async () => {
    const large = 'x'.repeat(200_000);
    const small = { ...base, activity: { ...base.activity, captureBytes: 10_000 } };
    const gateway = await gatewayTo(await answering(JSON.stringify({ large })), { config: small });
    await ask(gateway.port, { ...CHAT, body: JSON.stringify({ model: 'alpha', large }) });
    await ask(gateway.port, CHAT);
    await entry(gateway, 2);
    expect(await getJson(gateway, '/api/captures/2')).toMatchObject({ req_body: expect.any(String), resp_body: null });
  });

  it('are none when there is no room for any; a wrong id is said to be one', async () => {
    const gateway = await gatewayTo(await answering('{}'), { config: base });
    await ask(gateway.port, CHAT);
    expect((await entry(gateway)).has_capture).toBe(false);
    for (const [id, status] of [
      ['1', 404],
      ['99', 404],
      ['x', 400],
      ['1.5', 400],
    ] as const) {
      expect((await ask(gateway.port, { path: `/api/captures/${id}` })).message.statusCode).toBe(status);
    }
  });
});
