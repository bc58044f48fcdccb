import { readFileSync } from 'node:fs';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { NO_TOKENS } from '../../../src/activity/usage.ts';
import { createUsageMeter, type MeteredAnswer, type Usage } from '../../../src/activity/usage-meter.ts';

const JSON_TYPE = 'application/json; charset=utf-8';
const EVENTS = 'text/event-stream';
/** Where an answer speaks of tokens at all, what it does not mention. */
const UNSAID = { cached: -1, drafted: -1, draftAccepted: -1, promptPerSecond: -1, tokensPerSecond: -1 };
const NOTHING = NO_TOKENS;

async function meter(body: string | Buffer, answer: Partial<MeteredAnswer> = {}, chunkSize = 100): Promise<Usage> {
  const full = { status: 200, contentType: JSON_TYPE, contentEncoding: '', path: '/v1/chat/completions', ...answer };
  const meter = createUsageMeter(full);
  const bytes = Buffer.from(body);
  let before: Buffer | null = null;
  for (let at = 0; at < bytes.length; at += chunkSize) {
    const chunk = Buffer.from(bytes.subarray(at, at + chunkSize));
    meter.push(chunk);
    // Of several chunks what is not copied is lost; a decoder may hold on to its input.
    if (full.contentEncoding === '') before?.fill(0x20);
    before = chunk;
  }
  return meter.finish();
}

const json = (value: unknown, answer: Partial<MeteredAnswer> = {}): Promise<Usage> =>
  meter(JSON.stringify(value), answer);
const events = (values: readonly unknown[], answer: Partial<MeteredAnswer> = {}, chunkSize = 100): Promise<Usage> =>
  meter(
    `${values.map((value) => `data: ${JSON.stringify(value)}\n\n`).join('')}data: [DONE]\n\n`,
    {
      contentType: EVENTS,
      ...answer,
    },
    chunkSize,
  );

/** Copied from a real llama-server. */
const TIMINGS = {
  cache_n: 45,
  prompt_n: 1,
  prompt_ms: 0.292,
  prompt_per_second: 3424.66,
  predicted_n: 5,
  predicted_ms: 1.058,
  predicted_per_second: 3780.72,
};
const FROM_TIMINGS = { ...UNSAID, cached: 45, input: 1, output: 5, promptPerSecond: 3424.66, tokensPerSecond: 3780.72 };

describe('usage of JSON answers', () => {
  it('reads the names of OpenAI, with what was cached', async () => {
    const usage = { completion_tokens: 5, prompt_tokens: 46, prompt_tokens_details: { cached_tokens: 45 } };
    const { tokens, error, upstreamMs } = await json({ choices: [], usage });
    expect(tokens).toEqual({ ...UNSAID, input: 46, output: 5, cached: 45 });
    expect([error, upstreamMs]).toEqual(['', 0]);
  });

  it('reads the names of Anthropic and of responses', async () => {
    const anthropic = await json({ usage: { cache_read_input_tokens: 2, input_tokens: 22, output_tokens: 5 } });
    expect(anthropic.tokens).toEqual({ ...UNSAID, input: 22, output: 5, cached: 2 });
    const responses = await json({
      usage: { input_tokens: 26, output_tokens: 5, input_tokens_details: { cached_tokens: 0 } },
    });
    expect(responses.tokens).toEqual({ ...UNSAID, input: 26, output: 5, cached: 0 });
  });

  it('lets the timings of llama.cpp win', async () => {
    const { tokens, upstreamMs } = await json({ usage: { prompt_tokens: 46, completion_tokens: 7 }, timings: TIMINGS });
    expect(tokens).toEqual(FROM_TIMINGS);
    expect(upstreamMs).toBeCloseTo(1.35, 5);
  });

  it('takes drafts only when both counts are there', async () => {
    const both = await json({ timings: { ...TIMINGS, draft_n: 10, draft_n_accepted: 7 } });
    expect(both.tokens).toMatchObject({ drafted: 10, draftAccepted: 7 });
    const one = await json({ timings: { ...TIMINGS, draft_n: 10 } });
    expect(one.tokens).toMatchObject({ drafted: -1, draftAccepted: -1 });
  });

  it('reads the metrics of vLLM, which do not overwrite timings', async () => {
    const usage = { prompt_tokens: 100, completion_tokens: 20, prompt_tokens_details: { cached_tokens: 60 } };
    const metrics = {
      time_to_first_token_ms: 200,
      mean_itl_ms: 25,
      speculative_decoding: { num_draft_tokens: 9, num_accepted_draft_tokens: 4 },
    };
    const alone = await json({ usage, metrics });
    expect(alone.tokens).toEqual({
      input: 100,
      output: 20,
      cached: 60,
      drafted: 9,
      draftAccepted: 4,
      promptPerSecond: 200,
      tokensPerSecond: 40,
    });
    const partial = await json({ usage, metrics: { speculative_decoding: { num_draft_tokens: 9 } } });
    expect(partial.tokens).toMatchObject({ drafted: -1, draftAccepted: -1, promptPerSecond: -1 });
    const measured = await json({ usage, metrics, timings: { ...TIMINGS, draft_n: 3, draft_n_accepted: 2 } });
    expect(measured.tokens).toEqual({ ...FROM_TIMINGS, drafted: 3, draftAccepted: 2 });
  });

  it('takes the last element of a list from /infill, and from nothing else', async () => {
    const list = [{ content: 'a' }, { content: 'b', timings: TIMINGS }];
    expect((await json(list, { path: '/infill' })).tokens).toEqual(FROM_TIMINGS);
    expect((await json(list)).tokens).toEqual(NOTHING);
  });

  it('has nothing to say about answers without usage, without a body, or that are no JSON', async () => {
    expect((await json({ input_tokens: 24 })).tokens).toEqual(NOTHING);
    expect((await meter('')).tokens).toEqual(NOTHING);
    expect((await meter('{"usage": {')).tokens).toEqual(NOTHING);
    const sound = await meter('{"usage":{"prompt_tokens":3}}', { contentType: 'audio/mpeg' });
    expect([sound.tokens, sound.bytes]).toEqual([NOTHING, 29]);
  });

  it.each([
    ['before', { model: 'x', usage: { prompt_tokens: 9 }, data: Array.from({ length: 30_000 }, () => 0.25) }],
    ['after', { data: Array.from({ length: 30_000 }, () => 0.25), usage: { prompt_tokens: 9 } }],
  ])('D4: a large answer is not held in memory, and its usage is found %s the bulk', async (_where, value) => {
    expect((await json(value)).tokens).toEqual({ ...UNSAID, input: 9, output: 0 });
  });

  it('is not misled by text that speaks of usage', async () => {
    const text = `${'x'.repeat(70_000)}{"usage": {"prompt_tokens": 666}}${'y'.repeat(20_000)}{"usage": {"prompt_tokens": 667}}`;
    expect((await json({ usage: { prompt_tokens: 7 }, content: text })).tokens).toMatchObject({ input: 7 });
    expect((await json({ content: text })).tokens).toEqual(NOTHING);
  });
});

describe('usage of event streams', () => {
  it('finds usage and timings in the last events', async () => {
    const usage = { completion_tokens: 5, prompt_tokens: 46 };
    const { tokens } = await events([
      { choices: [{}] },
      { choices: [], usage: null },
      { choices: [], usage, timings: TIMINGS },
    ]);
    expect(tokens).toEqual(FROM_TIMINGS);
  });

  it('keeps what the first event of Anthropic says, however long the stream', async () => {
    const text = { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hello '.repeat(10) } };
    const { tokens, bytes } = await events([
      { type: 'message_start', message: { usage: { cache_read_input_tokens: 23, input_tokens: 1, output_tokens: 0 } } },
      ...Array.from({ length: 1_000 }, () => text),
      { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 5 } },
      { type: 'message_stop' },
    ]);
    expect(bytes).toBeGreaterThan(100_000);
    expect(tokens).toEqual({ ...UNSAID, input: 1, output: 5, cached: 23 });
  });

  it('finds the usage of a last event that is larger than what is kept', async () => {
    const answer = { text: 'said "usage": {"input_tokens": 3} '.repeat(2_000) };
    const { tokens } = await events([
      { type: 'response.created', response: { status: 'in_progress' } },
      ...Array.from({ length: 100 }, () => ({ type: 'response.output_text.delta', delta: 'Hello' })),
      { type: 'response.completed', response: { output: [answer], usage: { input_tokens: 26, output_tokens: 5 } } },
    ]);
    expect(tokens).toEqual({ ...UNSAID, input: 26, output: 5 });
  });

  it.each([1, 7, 4096, 20_000, 1_000_000])('does not depend on chunks of %i bytes', async (size) => {
    const values = [...Array.from({ length: 500 }, (_, n) => ({ n, text: 'é'.repeat(20) })), { timings: TIMINGS }];
    expect((await events(values, {}, size)).tokens).toEqual(FROM_TIMINGS);
  });

  it('lets later positive values overwrite, and no zero', async () => {
    const { tokens } = await events([
      { usage: { prompt_tokens: 1, completion_tokens: 1, prompt_tokens_details: { cached_tokens: 4 } } },
      { usage: { prompt_tokens: 0, completion_tokens: 8, prompt_tokens_details: { cached_tokens: 0 } } },
    ]);
    expect(tokens).toEqual({ ...UNSAID, input: 1, output: 8, cached: 4 });
  });

  it('takes data: without a space, CRLF, and passes over what is no JSON', async () => {
    const body =
      'event: x\r\ndata:{"usage":{"prompt_tokens":3}}\r\n\r\ndata: {"usage": oops\r\n\r\ndata: [DONE]\r\n\r\n';
    expect((await meter(body, { contentType: `${EVENTS}; charset=utf-8` })).tokens).toMatchObject({ input: 3 });
  });

  it('takes the first event for the first token, not a comment before it', async () => {
    let time = 0;
    const meter = createUsageMeter({
      status: 200,
      contentType: EVENTS,
      contentEncoding: '',
      path: '/v1/chat/completions',
      now: () => time,
    });
    time = 10;
    meter.push(Buffer.from(': still there\n\n'));
    time = 20;
    meter.push(Buffer.from('data: {}\n\n'));
    time = 30;
    meter.push(Buffer.from('data: {}\n\n'));
    expect((await meter.finish()).firstTokenAt).toBe(20);
    expect((await json({})).firstTokenAt).toBeNull();
  });
});

describe('compressed answers', () => {
  const body = JSON.stringify({ usage: { prompt_tokens: 46, completion_tokens: 5 } });
  const expected = { ...UNSAID, input: 46, output: 5 };

  it.each([
    ['gzip', gzipSync(body)],
    ['deflate', deflateSync(body)],
    ['deflate', deflateRawSync(body)],
    ['br', brotliCompressSync(body)],
    ['zstd', zstdCompressSync(body)],
  ])('R16: tokens of a %s answer are counted (case %#)', async (contentEncoding, packed) => {
    for (const size of [1, 3, 10_000]) {
      const usage = await meter(packed, { contentEncoding }, size);
      expect(usage).toMatchObject({ tokens: expected, error: '', decodable: true, bytes: packed.length });
    }
  });

  it('leaves an encoding that it does not know as it is', async () => {
    expect((await meter(body, { contentEncoding: 'identity' })).tokens).toEqual(expected);
    expect(await meter(gzipSync(body), { contentEncoding: 'rot13' })).toMatchObject({ tokens: NOTHING, error: '' });
  });

  it.each(['gzip', 'deflate', 'br', 'zstd'])('says so when it is not %s', async (contentEncoding) => {
    const usage = await meter('{"usage":{"prompt_tokens":3}}', { contentEncoding });
    expect(usage).toMatchObject({ tokens: NOTHING, decodable: false });
    expect(usage.error).toContain('cannot be decoded');
  });

  it('says so when it breaks off', async () => {
    const packed = gzipSync(body);
    expect(await meter(packed.subarray(0, packed.length - 10), { contentEncoding: 'gzip' })).toMatchObject({
      decodable: false,
    });
  });

  it('reads the end of gigabytes that were a few bytes, without holding them', async () => {
    const bomb = gzipSync(Buffer.concat([Buffer.alloc(30_000_000, '\n'), Buffer.from(`data: ${body}\n\n`)]));
    const usage = await meter(bomb, { contentEncoding: 'gzip', contentType: EVENTS }, 1_000);
    expect(usage.tokens).toEqual(expected);
  });
});

describe('what went wrong', () => {
  it.each([
    [503, { error: { message: ' Loading model ', code: 503 } }, 'Loading model'],
    [400, { error: 'bad prompt', message: 'other' }, 'bad prompt'],
    [400, { error: {}, message: 'no such tool' }, 'no such tool'],
    [422, { error: { message: '  ' }, detail: 'field required' }, 'field required'],
    [422, { detail: [{ msg: 'x' }] }, '422 Unprocessable Entity'],
    [404, {}, '404 Not Found'],
    [799, [], 'HTTP 799'],
  ])('%i %j → %s', async (status, body, expected) => {
    expect(await json(body, { status })).toMatchObject({ error: expected, tokens: NOTHING });
  });

  it('cuts a long message at 500 bytes, between characters', async () => {
    const { error } = await json({ error: { message: `${'é'.repeat(249)}x${'é'.repeat(10)}` } }, { status: 500 });
    expect(error).toBe(`${'é'.repeat(249)}x...`);
  });

  it('counts no tokens of an answer that is not a 200', async () => {
    const usage = await json({ usage: { prompt_tokens: 3 } }, { status: 500 });
    expect(usage).toMatchObject({ tokens: NOTHING, error: '500 Internal Server Error' });
  });
});

describe('answers of a real llama-server', () => {
  const sample = (name: string): string => readFileSync(new URL(`./samples/${name}`, import.meta.url), 'utf8');

  it.each([
    ['chat.json', JSON_TYPE, { input: 46, output: 5, cached: 0 }],
    ['embeddings.json', JSON_TYPE, { input: 9, output: 0, cached: -1 }],
    ['responses.json', JSON_TYPE, { input: 26, output: 5, cached: 10 }],
    ['chat-stream-usage.sse.txt', EVENTS, { input: 1, output: 5, cached: 45 }],
    ['messages-anthropic-stream.sse.txt', EVENTS, { input: 1, output: 5, cached: 23 }],
    ['responses-stream.sse.txt', EVENTS, { input: 1, output: 5, cached: 25 }],
    ['completion-native-stream.sse.txt', EVENTS, { input: 1, output: 5, cached: 4 }],
  ])('%s', async (name, contentType, expected) => {
    expect((await meter(sample(name), { contentType })).tokens).toMatchObject(expected);
  });
});
