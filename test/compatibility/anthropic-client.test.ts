import {
  APIUserAbortError,
  AuthenticationError,
  InternalServerError,
  NotFoundError,
  RateLimitError,
} from '@anthropic-ai/sdk';
import { afterEach, describe, expect, it } from 'vitest';
import { closeGateways, startGateway } from '../kit/gateway.ts';
import { fixture } from '../kit/processes.ts';
import { temporaryFolder } from '../kit/temporary-folder.ts';
import { anthropic, awaitLogLine, expectRetriesAfterHints, rejectionOf } from './clients.ts';

afterEach(closeGateways);

const QUESTION = { max_tokens: 100, messages: [{ role: 'user' as const, content: 'Who are you?' }] };

describe("Anthropic's client", () => {
  it('gets a message from the model it names, swapping as it goes', async () => {
    const gateway = await startGateway({ alpha: { aliases: ['claude-haiku'] }, beta: {} });
    const { client } = anthropic(gateway.url);
    for (const [model, expected] of [
      ['claude-haiku', 'Hello from model alpha.'],
      ['beta', 'Hello from model beta.'],
    ] as const) {
      const message = await client.messages.create({ model, ...QUESTION });
      expect(message.content).toEqual([{ type: 'text', text: expected }]);
      expect(message.usage).toMatchObject({ input_tokens: 3, output_tokens: 5 });
    }
  });

  it('streams a message', async () => {
    const gateway = await startGateway({ alpha: {} });
    const stream = anthropic(gateway.url).client.messages.stream({ model: 'alpha', ...QUESTION });
    const pieces: string[] = [];
    stream.on('text', (piece) => pieces.push(piece));
    expect(await stream.finalText()).toBe('Hello from model alpha.');
    expect(pieces.length).toBeGreaterThan(1);
    expect((await stream.finalMessage()).stop_reason).toBe('end_turn');
  });

  it('streams a message while the model loads: what keeps the line open is no event', async () => {
    const gateway = await startGateway({ alpha: { options: { 'load-ms': 300 }, sendLoadingState: true } });
    const stream = anthropic(gateway.url).client.messages.stream({ model: 'alpha', ...QUESTION });
    const types: string[] = [];
    for await (const event of stream) types.push(event.type);
    expect(types[0]).toBe('message_start');
    expect(types.at(-1)).toBe('message_stop');
    expect(await stream.finalText()).toBe('Hello from model alpha.');
  });

  it('counts tokens', async () => {
    const gateway = await startGateway({ alpha: {} });
    const { messages } = QUESTION;
    const counted = await anthropic(gateway.url).client.messages.countTokens({ model: 'alpha', messages });
    expect(counted.input_tokens).toBe(3);
  });

  it('lists the models', async () => {
    const gateway = await startGateway({ beta: {}, alpha: {} });
    const ids: string[] = [];
    for await (const { id } of anthropic(gateway.url).client.models.list()) ids.push(id);
    expect(ids).toEqual(['alpha', 'beta']);
  });
});

describe("Anthropic's client, when something is wrong", () => {
  it('gets NotFoundError for a model that nobody has', async () => {
    const gateway = await startGateway({ alpha: {} });
    const error = await rejectionOf(anthropic(gateway.url).client.messages.create({ model: 'alhpa', ...QUESTION }));
    expect(error).toBeInstanceOf(NotFoundError);
    expect((error as NotFoundError).error).toMatchObject({ error: { code: 'model_not_found' } });
    expect((error as NotFoundError).message).toContain('alhpa');
  });

  it('gets AuthenticationError without a key of the gateway, and an answer with one', async () => {
    const gateway = await startGateway({ alpha: {} }, { apiKeys: ['secret'] });
    const ask = (apiKey: string) =>
      anthropic(gateway.url, { apiKey }).client.messages.create({ model: 'alpha', ...QUESTION });
    expect(await rejectionOf(ask('wrong'))).toBeInstanceOf(AuthenticationError);
    expect((await ask('secret')).role).toBe('assistant');
  });

  it('gets RateLimitError over the limit of the model; with retries it waits for Retry-After and is served', async () => {
    const gateway = await startGateway({ alpha: { concurrencyLimit: 1 } });
    const first = await gateway.chat('alpha', { stream: true, chunks: 5_000, chunk_delay_ms: 20 });
    const error = await rejectionOf(anthropic(gateway.url).client.messages.create({ model: 'alpha', ...QUESTION }));
    expect(error).toBeInstanceOf(RateLimitError);

    const { client, exchanges } = anthropic(gateway.url, { maxRetries: 5 });
    const patient = client.messages.create({ model: 'alpha', ...QUESTION });
    await expect.poll(() => exchanges.length, { timeout: 10_000 }).toBeGreaterThan(0);
    await first.body?.cancel();
    expect((await patient).role).toBe('assistant');
    expect(exchanges[0]?.status).toBe(429);
    expectRetriesAfterHints(exchanges);
  });

  it('gets InternalServerError with the reason when a model cannot start; with retries it waits until it can', async () => {
    const marker = `${temporaryFolder()}/tried`;
    const healthy = fixture('healthy', { port: '${PORT}', name: 'alpha' });
    const gateway = await startGateway({
      broken: { fixture: 'crashing-early', options: { code: 3 } },
      alpha: { cmd: `sh -c 'test -e ${marker} && exec ${healthy}; touch ${marker}; exit 4'` },
    });
    const error = await rejectionOf(anthropic(gateway.url).client.messages.create({ model: 'broken', ...QUESTION }));
    expect(error).toBeInstanceOf(InternalServerError);
    expect((error as InternalServerError).status).toBe(503);
    expect((error as InternalServerError).error).toMatchObject({ error: { details: { exitCode: 3 } } });

    const { client, exchanges } = anthropic(gateway.url, { maxRetries: 3 });
    const message = await client.messages.create({ model: 'alpha', ...QUESTION });
    expect(message.content).toEqual([{ type: 'text', text: 'Hello from model alpha.' }]);
    expect(exchanges.map(({ status }) => status)).toEqual([503, 200]);
    expectRetriesAfterHints(exchanges);
  });

  it('ends the work of the model server when it gives a stream up', async () => {
    const gateway = await startGateway({ alpha: {} });
    const endless = { chunks: 100_000, chunk_delay_ms: 10 };
    const stream = anthropic(gateway.url).client.messages.stream({ model: 'alpha', ...QUESTION, ...endless });
    stream.once('text', () => stream.abort());
    expect(await rejectionOf(stream.done())).toBeInstanceOf(APIUserAbortError);
    await awaitLogLine(gateway.url, 'alpha', 'client left /v1/messages');
  });
});
