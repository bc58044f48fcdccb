import {
  APIUserAbortError,
  AuthenticationError,
  BadRequestError,
  InternalServerError,
  NotFoundError,
  RateLimitError,
  toFile,
} from 'openai';
import { existsSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { closeGateways, startGateway } from '../kit/gateway.ts';
import { fixture } from '../kit/processes.ts';
import { temporaryFolder } from '../kit/temporary-folder.ts';
import { awaitLogLine, expectRetriesAfterHints, openAi, rejectionOf } from './clients.ts';
import { openEvents } from './events.ts';

afterEach(closeGateways);

const QUESTION = { messages: [{ role: 'user' as const, content: 'Who are you?' }] };

describe("OpenAI's client", () => {
  it('chats with the model it names, swapping as it goes', async () => {
    const gateway = await startGateway({ alpha: { aliases: ['gpt-4o-mini'] }, beta: {} });
    const { client } = openAi(gateway.url);
    for (const [model, expected] of [
      ['gpt-4o-mini', 'Hello from model alpha.'],
      ['beta', 'Hello from model beta.'],
    ] as const) {
      const completion = await client.chat.completions.create({ model, ...QUESTION });
      expect(completion.choices[0]?.message).toEqual({ role: 'assistant', content: expected });
      expect(completion.usage).toMatchObject({ prompt_tokens: 3, completion_tokens: 5 });
    }
  });

  it('streams a chat', async () => {
    const gateway = await startGateway({ alpha: {} });
    const stream = await openAi(gateway.url).client.chat.completions.create({
      model: 'alpha',
      stream: true,
      ...QUESTION,
    });
    let text = '';
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
    expect(text).toBe('Hello from model alpha.');
  });

  it('streams a chat while the model loads: what it is told meanwhile are chunks like any other', async () => {
    const gateway = await startGateway({ alpha: { options: { 'load-ms': 300 }, sendLoadingState: true } });
    const stream = await openAi(gateway.url).client.chat.completions.create({
      model: 'alpha',
      stream: true,
      ...QUESTION,
    });
    let text = '';
    let before = '';
    for await (const { object, model, choices } of stream) {
      const delta = choices[0]?.delta as { content?: string; reasoning_content?: string } | undefined;
      text += delta?.content ?? '';
      if (delta?.reasoning_content === undefined) continue;
      before += delta.reasoning_content;
      expect({ object, model, index: choices[0]?.index }).toEqual({
        object: 'chat.completion.chunk',
        model: 'alpha',
        index: 0,
      });
    }
    expect(before).toContain('alpha');
    expect(text).toBe('Hello from model alpha.');
  });

  it('completes', async () => {
    const gateway = await startGateway({ alpha: {} });
    const completion = await openAi(gateway.url).client.completions.create({ model: 'alpha', prompt: 'Hello' });
    expect(completion.choices[0]?.text).toBe('Hello from model alpha.');
  });

  it('embeds, as numbers and as the base64 it asks for by itself', async () => {
    const gateway = await startGateway({ alpha: {} });
    const { client } = openAi(gateway.url);
    for (const format of [{}, { encoding_format: 'float' as const }]) {
      const { data } = await client.embeddings.create({ model: 'alpha', input: ['one', 'two'], ...format });
      expect(data.map(({ embedding }) => [...embedding])).toEqual([
        [0, 0.5, 1],
        [1, 0.5, 1],
      ]);
    }
  });

  it('lists the models', async () => {
    const gateway = await startGateway({ beta: {}, alpha: {} });
    const ids: string[] = [];
    for await (const model of openAi(gateway.url).client.models.list()) {
      ids.push(model.id);
      expect(model).toMatchObject({ object: 'model', owned_by: 'llama-swap', created: expect.any(Number) });
    }
    expect(ids).toEqual(['alpha', 'beta']);
  });

  it('gets a response, whole and as a stream', async () => {
    const gateway = await startGateway({ alpha: {} });
    const { client } = openAi(gateway.url);
    const response = await client.responses.create({ model: 'alpha', input: 'Who are you?' });
    expect(response.output_text).toBe('Hello from model alpha.');

    const stream = await client.responses.create({ model: 'alpha', input: 'Who are you?', stream: true });
    const types = new Set<string>();
    let text = '';
    for await (const event of stream) {
      types.add(event.type);
      if (event.type === 'response.output_text.delta') text += event.delta;
    }
    expect(text).toBe('Hello from model alpha.');
    expect(types).toContain('response.completed');
  });

  it('speaks, transcribes a file, and makes and edits pictures', async () => {
    const gateway = await startGateway({ alpha: {} });
    const { client } = openAi(gateway.url);
    const speech = await client.audio.speech.create({ model: 'alpha', voice: 'anna', input: 'Hello' });
    expect(await speech.text()).toBe('Hello from model alpha.');
    const file = await toFile(Buffer.from([0, 1, 2, 0xff]), 'sound.wav', { type: 'audio/wav' });
    const transcription = await client.audio.transcriptions.create({ model: 'alpha', file });
    expect(transcription.text).toBe('Hello from model alpha.');
    const made = await client.images.generate({ model: 'alpha', prompt: 'a llama' });
    const edited = await client.images.edit({ model: 'alpha', prompt: 'a hat', image: file });
    for (const { data } of [made, edited]) {
      expect(Buffer.from(data?.[0]?.b64_json ?? '', 'base64').toString()).toBe('Hello from model alpha.');
    }
  });
});

describe("OpenAI's client, when something is wrong", () => {
  it('gets NotFoundError for a model that nobody has', async () => {
    const gateway = await startGateway({ alpha: {} });
    const error = await rejectionOf(
      openAi(gateway.url).client.chat.completions.create({ model: 'alhpa', ...QUESTION }),
    );
    expect(error).toBeInstanceOf(NotFoundError);
    expect(error).toMatchObject({ code: 'model_not_found', param: 'model', type: 'invalid_request_error' });
    expect((error as NotFoundError).requestID).toEqual(expect.any(String));
  });

  it('gets AuthenticationError without a key of the gateway, and an answer with one', async () => {
    const gateway = await startGateway({ alpha: {} }, { apiKeys: ['secret-1', 'secret-2'] });
    const ask = (apiKey: string) =>
      openAi(gateway.url, { apiKey }).client.chat.completions.create({ model: 'alpha', ...QUESTION });
    const error = await rejectionOf(ask('wrong'));
    expect(error).toBeInstanceOf(AuthenticationError);
    expect(error).toMatchObject({ code: 'unauthorized', type: 'authentication_error' });
    expect((await ask('secret-2')).choices).toHaveLength(1);
  });

  it('gets BadRequestError for a model that is not a text', async () => {
    const gateway = await startGateway({ alpha: {} });
    const model = 7 as unknown as string;
    const error = await rejectionOf(openAi(gateway.url).client.chat.completions.create({ model, ...QUESTION }));
    expect(error).toBeInstanceOf(BadRequestError);
    expect(error).toMatchObject({ code: 'bad_request', param: 'model' });
  });

  it('gets RateLimitError over the limit of the model; with retries it waits for Retry-After and is served', async () => {
    const gateway = await startGateway({ alpha: { concurrencyLimit: 1 } });
    const first = await gateway.chat('alpha', { stream: true, chunks: 5_000, chunk_delay_ms: 20 });
    const error = await rejectionOf(
      openAi(gateway.url).client.chat.completions.create({ model: 'alpha', ...QUESTION }),
    );
    expect(error).toBeInstanceOf(RateLimitError);
    expect(error).toMatchObject({ code: 'concurrency_limit', type: 'rate_limit_error' });
    expect((error as RateLimitError).headers.get('retry-after')).toMatch(/^[1-9]\d*$/);

    const { client, exchanges } = openAi(gateway.url, { maxRetries: 5 });
    const patient = client.chat.completions.create({ model: 'alpha', ...QUESTION });
    await expect.poll(() => exchanges.length, { timeout: 10_000 }).toBeGreaterThan(0);
    await first.body?.cancel();
    expect((await patient).choices[0]?.message.content).toBe('Hello from model alpha.');
    expectRetriesAfterHints(exchanges);
    expect(exchanges[0]?.status).toBe(429);
    expect(exchanges.at(-1)?.status).toBe(200);
  });

  it('gets InternalServerError with the reason when a model cannot start; with retries it waits until it can', async () => {
    const marker = `${temporaryFolder()}/tried`;
    const healthy = fixture('healthy', { port: '${PORT}', name: 'alpha' });
    const gateway = await startGateway({
      broken: { fixture: 'crashing-early', options: { code: 3 } },
      alpha: { cmd: `sh -c 'test -e ${marker} && exec ${healthy}; touch ${marker}; exit 4'` },
    });
    const error = await rejectionOf(
      openAi(gateway.url).client.chat.completions.create({ model: 'broken', ...QUESTION }),
    );
    expect(error).toBeInstanceOf(InternalServerError);
    expect(error).toMatchObject({ status: 503, code: 'model_start_failed', type: 'server_error' });
    expect((error as InternalServerError).error).toMatchObject({ details: { exitCode: 3 } });
    expect((error as InternalServerError).headers.get('retry-after')).toMatch(/^[1-9]\d*$/);

    expect(existsSync(marker)).toBe(false);
    const { client, exchanges } = openAi(gateway.url, { maxRetries: 3 });
    const completion = await client.chat.completions.create({ model: 'alpha', ...QUESTION });
    expect(completion.choices[0]?.message.content).toBe('Hello from model alpha.');
    expect(exchanges.map(({ status }) => status)).toEqual([503, 200]);
    expectRetriesAfterHints(exchanges);
  });

  it('gets the error of the model server as it is', async () => {
    const gateway = await startGateway({ alpha: {} });
    const error = await rejectionOf(openAi(gateway.url).client.post('/reranking', { body: { model: 'alpha' } }));
    expect(error).toBeInstanceOf(NotFoundError);
    expect((error as NotFoundError).error).toEqual({
      message: 'alpha knows no /v1/reranking',
      type: 'not_found_error',
      code: 404,
    });
  });

  it('ends the work of the model server when it gives a stream up', async () => {
    const gateway = await startGateway({ alpha: {} });
    const { client } = openAi(gateway.url);
    const endless = { chunks: 100_000, chunk_delay_ms: 10 };
    const chat = await client.chat.completions.create({ model: 'alpha', stream: true, ...QUESTION, ...endless });
    for await (const chunk of chat) {
      expect(chunk.choices).toHaveLength(1);
      break;
    }
    await awaitLogLine(gateway.url, 'alpha', 'client left /v1/chat/completions');

    const response = await client.responses.create({ model: 'alpha', stream: true, input: 'Go on', ...endless });
    for await (const { type } of response) if (type === 'response.output_text.delta') break;
    await awaitLogLine(gateway.url, 'alpha', 'client left /v1/responses');
  });

  it('ends the work of the model server when its signal says so, before the first byte', async () => {
    const gateway = await startGateway({ alpha: {} });
    await gateway.ready('alpha');
    await using events = await openEvents(gateway.url);
    const { client, exchanges } = openAi(gateway.url);
    const leaving = new AbortController();
    const slow = { model: 'alpha', ...QUESTION, delay_ms: 60_000 };
    const asked = rejectionOf(client.chat.completions.create(slow, { signal: leaving.signal }));
    await events.next('inflight', ({ operation }) => operation === 'upsert');
    leaving.abort();
    expect(await asked).toBeInstanceOf(APIUserAbortError);
    await events.next('inflight', ({ operation }) => operation === 'remove');
    await awaitLogLine(gateway.url, 'alpha', 'client left /v1/chat/completions');
    expect(exchanges).toEqual([]);
  });
});
