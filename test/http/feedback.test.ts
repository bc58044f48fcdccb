import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import type { Phase } from '../../machines/shared/phase.ts';
import { GatewayError } from '../../src/errors.ts';
import { ask, errorIn, signal, SOON } from './ask.ts';
import { fakeDesk, gatewayKit, httpConfig, modelConfig } from './fake-gateway.ts';
import type { FakeGateway } from './fake-gateway.ts';
import { startUpstream } from './fake-upstream.ts';
import type { FakeUpstream } from './fake-upstream.ts';
import { dataOf, readEvents } from './sse.ts';

const { gatewayWith, keep, closeAll } = gatewayKit();
afterEach(closeAll);

const config = httpConfig([modelConfig('alpha', { sendLoadingState: true, aliases: ['a'] })]);
const SOONER = { loadingAfterMs: 5, keepAliveMs: 20 };
const STREAM = { method: 'POST', path: '/v1/chat/completions', body: '{"model":"a","stream":true}' } as const;
const ANSWER = 'data: {"id":"x","choices":[{"delta":{"content":"hi"}}]}\n\ndata: [DONE]\n\n';

/** Answers streams and errors as a model server does. */
function modelServer(): Promise<FakeUpstream> {
  return startUpstream((req, res) => {
    const headers = { 'content-type': 'text/event-stream', 'x-upstream': 'yes' };
    // Any will do for a client that names none.
    if (req.headers['accept-encoding'] === 'identity') res.writeHead(200, headers).end(ANSWER);
    else res.writeHead(200, { ...headers, 'content-encoding': 'gzip' }).end(gzipSync(ANSWER));
  });
}

/** A gateway whose model is lent when the test says so. */
async function slowGateway(
  upstream: FakeUpstream,
  overrides: Parameters<typeof gatewayWith>[1] = {},
): Promise<{ gateway: FakeGateway; lend: () => void; refuse: (error: GatewayError) => void }> {
  keep(upstream);
  const { promise, resolve, reject } = Promise.withResolvers<typeof upstream.upstream>();
  promise.catch(() => {});
  const desk = fakeDesk((_destination, waiting) => {
    waiting.addEventListener('abort', () => reject(new GatewayError('client_closed_request', 'gone')));
    return promise;
  });
  const gateway = await gatewayWith(desk, { config, feedbackTimes: SOONER, ...overrides });
  return { gateway, lend: () => resolve(upstream.upstream), refuse: reject };
}

function reasoningOf(text: string): string {
  return dataOf(text)
    .map((data) => (data as { choices?: { delta: { reasoning_content?: string } }[] }).choices?.[0]?.delta)
    .map((delta) => delta?.reasoning_content ?? '')
    .join('');
}

describe('loading state of a chat', () => {
  it('R7: tells it in valid chunks, and the answer follows in the same stream', async () => {
    const { gateway, lend } = await slowGateway(await modelServer());
    const reader = await readEvents(gateway.port, { ...STREAM, headers: { 'accept-encoding': 'gzip' } });
    expect(reader.message.statusCode).toBe(200);
    expect(reader.message.headers).toMatchObject({ 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
    await reader.until('loading model');
    lend();
    const text = await reader.end;
    expect(text.endsWith(ANSWER)).toBe(true);
    const chunks = dataOf(text.slice(0, -ANSWER.length));
    expect(chunks.length).toBeGreaterThan(2);
    for (const chunk of chunks) {
      expect(chunk).toEqual({
        id: expect.stringMatching(/^chatcmpl-/),
        object: 'chat.completion.chunk',
        created: expect.any(Number),
        model: 'a',
        choices: [{ index: 0, delta: { reasoning_content: expect.any(String) }, finish_reason: null }],
      });
    }
    expect(reasoningOf(text)).toMatch(
      /^━━━━━\nllama-swap loading model: alpha\nWaiting for room\.\n\nDone! \(\d+\.\d\ds\)\n━━━━━\n \n$/,
    );
  });

  it('L3: text is not typed out: a line is a chunk, and between the grant and the answer there is one', async () => {
    // A name that would take seconds to type.
    const id = 'x'.repeat(2_000);
    const long = httpConfig([modelConfig(id, { sendLoadingState: true })]);
    const { gateway, lend } = await slowGateway(await modelServer(), { config: long });
    const reader = await readEvents(gateway.port, { ...STREAM, body: JSON.stringify({ model: id, stream: true }) });
    const before = dataOf(await reader.until('Waiting for room'));
    expect(before).toHaveLength(2);
    lend();
    const text = await reader.end;
    expect(dataOf(text)).toHaveLength(before.length + 1 + dataOf(ANSWER).length);
  });

  it('L4: while one client is told about its loading, a ready model answers another', async () => {
    const upstream = keep(await modelServer());
    const desk = fakeDesk((destination) =>
      destination.model === 'beta' ? upstream.upstream : new Promise<never>(() => {}),
    );
    const both = httpConfig([modelConfig('alpha', { sendLoadingState: true }), modelConfig('beta')]);
    const gateway = await gatewayWith(desk, { config: both, feedbackTimes: SOONER });
    const waiting = await readEvents(gateway.port, { ...STREAM, body: '{"model":"alpha","stream":true}' });
    const headers = { 'accept-encoding': 'identity' };
    const { body } = await ask(gateway.port, { ...STREAM, headers, body: '{"model":"beta","stream":true}' });
    expect(body.toString()).toBe(ANSWER);
    await waiting.until('loading model');
    waiting.req.destroy();
  });

  it('says what changes: the queue, the phase, how long it usually takes; and nothing twice', async () => {
    let phase: Phase = 'stopped';
    const listeners = new Set<(transition: never) => void>();
    const journal = {
      history: () => [],
      subscribe(listener: (transition: never) => void) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    };
    const board = { phaseOf: () => phase, failureOf: () => null, actors: () => [] };
    const loadTimes = { observe() {}, estimateMs: () => 0, measuredMs: () => 12_300, lastLoad: () => null };
    const { gateway, lend } = await slowGateway(await modelServer(), { board, journal, loadTimes });
    const before = listeners.size;
    const reader = await readEvents(gateway.port, STREAM);
    await reader.until('Waiting for room. Loading usually takes 12s.');
    for (const next of ['starting', 'health-checking', 'health-checking'] as const) {
      phase = next;
      for (const listener of listeners) listener({ actor: 'model:alpha', from: null, to: next } as never);
    }
    await reader.until('Loading. Loading usually');
    const second = await readEvents(gateway.port, STREAM);
    await second.until('Queue position: #2. ');
    lend();
    const text = reasoningOf(await reader.end);
    expect(text.match(/Starting\. /g)).toHaveLength(1);
    expect(text.match(/\nLoading\. /g)).toHaveLength(1);
    await second.end;
    expect(listeners.size).toBe(before);
  });

  it('R7: an error after the stream has begun is an event, and the stream is ended as one', async () => {
    const { gateway, refuse } = await slowGateway(await modelServer());
    const reader = await readEvents(gateway.port, STREAM);
    await reader.until('loading model');
    refuse(new GatewayError('model_start_failed', 'it has no weights'));
    const text = await reader.end;
    const [failure, done] = dataOf(text).slice(-2);
    expect(failure).toEqual({
      src: 'llama-swap',
      error: { message: 'it has no weights', type: 'server_error', param: null, code: 'model_start_failed' },
    });
    expect(done).toBe('[DONE]');
    expect(text).not.toContain('Done!');
  });

  it('R7: an upstream that dies before its headers is told, not passed over in silence', async () => {
    const upstream = await startUpstream((req) => void req.socket.destroy());
    const { gateway, lend } = await slowGateway(upstream);
    const reader = await readEvents(gateway.port, STREAM);
    await reader.until('loading model');
    lend();
    const [failure, done] = dataOf(await reader.end).slice(-2);
    expect(failure).toMatchObject({ error: { code: 'upstream_closed' } });
    expect(done).toBe('[DONE]');
  });

  it('R7: the status of an upstream that refuses is lost, its words are not', async () => {
    const upstream = await startUpstream((_req, res) => {
      res.writeHead(400, { 'content-type': 'application/json' });
      res.end('{"error":{"message":"too many tokens","type":"exceed_context_size_error","code":400,"n_ctx":10}}\n');
    });
    const { gateway, lend } = await slowGateway(upstream);
    const reader = await readEvents(gateway.port, STREAM);
    await reader.until('loading model');
    lend();
    const [failure, done] = dataOf(await reader.end).slice(-2);
    const error = { message: 'too many tokens', type: 'exceed_context_size_error', code: 400, n_ctx: 10, status: 400 };
    expect(failure).toEqual({ error });
    expect(done).toBe('[DONE]');
  });

  it('R4: an upstream that breaks off in a stream of ours breaks the client off too', async () => {
    const upstream = await startUpstream((_req, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.write('data: {"half":1}\n\n', () => res.destroy());
    });
    const { gateway, lend } = await slowGateway(upstream);
    const reader = await readEvents(gateway.port, STREAM);
    await reader.until('loading model');
    lend();
    await expect(reader.end).rejects.toThrow('aborted');
  });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
    ['zstd', zstdCompressSync],
  ])('what an upstream compresses unasked is unpacked: %s', async (encoding, pack) => {
    const json = '{"choices":[]}';
    const upstream = await startUpstream((req, res) => {
      const isPlain = req.headers['x-plain'] !== undefined;
      const headers = { 'content-type': isPlain ? 'application/json' : 'text/event-stream' };
      res.writeHead(200, { ...headers, 'content-encoding': encoding }).end(pack(isPlain ? json : ANSWER));
    });
    const { gateway, lend } = await slowGateway(upstream);
    const readers = await Promise.all(
      [{}, { 'x-plain': '1' }].map((headers) => readEvents(gateway.port, { ...STREAM, headers })),
    );
    for (const reader of readers) await reader.until('loading model');
    lend();
    const [stream = '', whole = ''] = await Promise.all(readers.map(({ end }) => end));
    expect(stream.endsWith(ANSWER)).toBe(true);
    expect(whole.endsWith(`data: ${json}\n\ndata: [DONE]\n\n`)).toBe(true);
  });

  it.each([
    ['cannot be unpacked', 'gzip', /aborted/],
    ['has an encoding that is not known', 'x-own', /nobody asked for \(x-own\)/],
  ])('what an upstream compresses unasked never ends up in the stream: it %s', async (_, encoding, said) => {
    const upstream = await startUpstream((_req, res) => {
      const headers = { 'content-type': 'text/event-stream', 'content-encoding': encoding };
      res.writeHead(200, headers).end('\x01\x02\x03');
    });
    const { gateway, lend } = await slowGateway(upstream);
    const reader = await readEvents(gateway.port, STREAM);
    await reader.until('loading model');
    lend();
    const outcome = await reader.end.catch((error: Error) => error.message);
    expect(outcome).toMatch(said);
    expect(reader.text()).not.toContain('\x01');
    if (encoding !== 'gzip') return;
    const activity = async (): Promise<unknown> =>
      JSON.parse((await ask(gateway.port, { path: '/api/metrics/activity' })).body.toString());
    await expect.poll(activity, SOON).toMatchObject({
      data: [{ resp_status_code: 502, error_msg: "The model server's answer cannot be decoded (gzip)." }],
    });
  });

  it('a quick grant leaves the response to the upstream, and a quick refusal has its status', async () => {
    const patient = { loadingAfterMs: 60_000, keepAliveMs: 60_000 };
    const first = await slowGateway(await modelServer(), { feedbackTimes: patient });
    first.lend();
    const { message, body } = await ask(first.gateway.port, { ...STREAM, headers: { 'accept-encoding': 'identity' } });
    expect([message.headers['x-upstream'], body.toString()]).toEqual(['yes', ANSWER]);
    const second = await slowGateway(await modelServer(), { feedbackTimes: patient });
    second.refuse(new GatewayError('queue_full', 'too many'));
    const refused = await ask(second.gateway.port, STREAM);
    expect([refused.message.statusCode, errorIn(refused.body).code]).toEqual([429, 'queue_full']);
  });

  it('ends with the client: nothing is written, no timer and no subscription is left', async () => {
    const { gateway } = await slowGateway(await modelServer());
    const reader = await readEvents(gateway.port, STREAM);
    await reader.until('loading model');
    reader.req.destroy();
    await expect.poll(() => gateway.observation.waiting.lines()).toEqual([]);
    expect([...gateway.observation.inFlight.trips()]).toEqual([]);
  });
});

describe('every other stream', () => {
  const paths = [
    '/v1/completions',
    '/completion',
    '/infill',
    '/v1/responses',
    '/v1/messages',
    '/v/chat/completions',
    '/v/completions',
    '/v/responses',
    '/v/messages',
  ];
  const silent = httpConfig([modelConfig('alpha', { aliases: ['a'] })]);

  it.each(paths)('%s: comments keep it alive, and the answer follows', async (path) => {
    const { gateway, lend } = await slowGateway(await modelServer(), { config: silent });
    const reader = await readEvents(gateway.port, { ...STREAM, path });
    await reader.until(': waiting for the model\n\n: waiting for the model\n\n');
    lend();
    const text = await reader.end;
    expect(text.replaceAll(': waiting for the model\n\n', '')).toBe(ANSWER);
  });

  it('a chat without sendLoadingState too', async () => {
    const { gateway, lend } = await slowGateway(await modelServer(), { config: silent });
    const reader = await readEvents(gateway.port, STREAM);
    await reader.until(': waiting');
    lend();
    expect(dataOf(await reader.end)).toEqual(dataOf(ANSWER));
  });

  it('goes on while the upstream thinks about a prompt', async () => {
    const asked = signal();
    const answer = signal();
    const upstream = await startUpstream((_req, res) => {
      asked.set();
      void answer.done.then(() => res.writeHead(200, { 'content-type': 'text/event-stream' }).end(ANSWER));
    });
    const { gateway, lend } = await slowGateway(upstream, { config: silent });
    const reader = await readEvents(gateway.port, STREAM);
    await reader.until(': waiting');
    lend();
    await asked.done;
    const before = reader.text().length;
    await expect.poll(() => reader.text().length).toBeGreaterThan(before);
    answer.set();
    expect((await reader.end).endsWith(ANSWER)).toBe(true);
  });

  it.each([
    ['/v1/responses', 'event: error\ndata: {"type":"error","sequence_number":0,"code":"model_start_failed"'],
    ['/v1/messages', 'event: error\ndata: {"type":"error","error":{"type":"api_error","message":"no weights"}}'],
    ['/v1/completions', 'data: {"src":"llama-swap","error":{"message":"no weights"'],
  ])('%s: an error comes in its own dialect', async (path, expected) => {
    const { gateway, refuse } = await slowGateway(await modelServer(), { config: silent });
    const reader = await readEvents(gateway.port, { ...STREAM, path });
    await reader.until(': waiting');
    refuse(new GatewayError('model_start_failed', 'no weights'));
    expect(await reader.end).toContain(expected);
  });

  it('an answer in one piece becomes an event', async () => {
    const upstream = await startUpstream((_req, res) => {
      res.writeHead(200, { 'content-type': 'application/json' }).end('{\n "seed": 12345678901234567890\n}\n');
    });
    const { gateway, lend } = await slowGateway(upstream, { config: silent });
    const reader = await readEvents(gateway.port, STREAM);
    await reader.until(': waiting');
    lend();
    expect(await reader.end).toContain('data: {  "seed": 12345678901234567890 } \n\ndata: [DONE]\n\n');
  });

  it.each([
    ['/v1/chat/completions', '{"model":"a"}'],
    ['/v1/chat/completions', '{"model":"a","stream":false}'],
    ['/v1/embeddings', '{"model":"a","stream":true}'],
  ])('is none: %s %s waits in silence and keeps its status', async (path, body) => {
    const { gateway, refuse } = await slowGateway(await modelServer(), { config });
    const answer = ask(gateway.port, { method: 'POST', path, body });
    // Far beyond the time after which a stream would have been begun.
    await new Promise((resolve) => {
      setTimeout(resolve, SOONER.keepAliveMs * 4);
    });
    refuse(new GatewayError('model_start_failed', 'no weights'));
    const { message } = await answer;
    expect(message.statusCode).toBe(503);
  });
});
