import type Anthropic from '@anthropic-ai/sdk';
import { BadRequestError, InternalServerError } from 'openai';
import { describe, expect, it } from 'vitest';
import { anthropic, openAi, rejectionOf } from '../compatibility/clients.ts';
import { startGateway } from './gateway.ts';
import { ALPHA_SAYS, BETA_SAYS, llamaCommand } from './llama-server.ts';

const CONFIG = {
  models: {
    alpha: { cmd: llamaCommand('tiny-alpha'), aliases: ['gpt-4o-mini'] },
    beta: { cmd: llamaCommand('tiny-beta'), aliases: ['claude-haiku'] },
    vectors: { cmd: llamaCommand('tiny-alpha', '--embeddings --pooling mean') },
    loop: { cmd: llamaCommand('tiny-loop', '-c 131072') },
  },
};

const MESSAGES = [{ role: 'user' as const, content: 'Who are you?' }];

describe("OpenAI's client before a real llama-server", () => {
  it('chats, whole and as a stream, with models that take turns', async () => {
    await using gateway = await startGateway(CONFIG);
    const { client } = openAi(gateway.url);
    for (const [model, says] of [
      ['gpt-4o-mini', ALPHA_SAYS],
      ['beta', BETA_SAYS],
    ] as const) {
      const whole = await client.chat.completions.create({ model, messages: MESSAGES });
      expect(whole.choices[0]?.message.content).toBe(says);
      const stream = await client.chat.completions.create({
        model,
        messages: MESSAGES,
        stream: true,
        stream_options: { include_usage: true },
      });
      let text = '';
      let tokens = 0;
      for await (const { choices, usage } of stream) {
        text += choices[0]?.delta.content ?? '';
        tokens = usage?.completion_tokens ?? tokens;
      }
      expect(text).toBe(says);
      expect(tokens).toBeGreaterThan(0);
    }
  });

  it('gets a response, whole and as a stream', async () => {
    await using gateway = await startGateway(CONFIG);
    const { client } = openAi(gateway.url);
    const question = { model: 'alpha', input: 'Who are you?' };
    expect((await client.responses.create(question)).output_text).toBe(ALPHA_SAYS);
    let text = '';
    let last = '';
    for await (const event of await client.responses.create({ ...question, stream: true })) {
      if (event.type === 'response.output_text.delta') text += event.delta;
      last = event.type;
    }
    expect(text).toBe(ALPHA_SAYS);
    expect(last).toBe('response.completed');
  });

  it('embeds', async () => {
    await using gateway = await startGateway(CONFIG);
    const { client } = openAi(gateway.url);
    const inBase64 = await client.embeddings.create({ model: 'vectors', input: ['one', 'two'] });
    const inFloats = await client.embeddings.create({
      model: 'vectors',
      input: ['one', 'two'],
      encoding_format: 'float',
    });
    const [one = [], two = []] = inBase64.data.map(({ embedding }) => embedding);
    expect(one.length).toBeGreaterThan(1);
    expect(two).toHaveLength(one.length);
    for (const [i, value] of one.entries()) expect(value).toBeCloseTo(inFloats.data[0]?.embedding[i] ?? Number.NaN, 5);
  });

  it("gets llama-server's own errors with its own words", async () => {
    await using gateway = await startGateway(CONFIG);
    const { client } = openAi(gateway.url);
    const tooLong = [{ role: 'user' as const, content: 'too much '.repeat(10_000) }];
    const long = await rejectionOf(client.chat.completions.create({ model: 'alpha', messages: tooLong }));
    expect(long).toBeInstanceOf(BadRequestError);
    expect((long as BadRequestError).type).toBe('exceed_context_size_error');
    const unable = await rejectionOf(client.embeddings.create({ model: 'alpha', input: 'one' }));
    expect(unable).toBeInstanceOf(InternalServerError);
    expect((unable as InternalServerError).status).toBe(501);
  });

  it('gives its slot back when it gives a stream up', async () => {
    await using gateway = await startGateway(CONFIG);
    const { client } = openAi(gateway.url);
    const long = { model: 'loop', messages: MESSAGES, max_tokens: 120_000 };
    for await (const { choices } of await client.chat.completions.create({ ...long, stream: true })) {
      if (choices[0]?.delta.content) break;
    }
    // There is one slot: as long as the first answer goes on, this one does not begin.
    const next = await client.chat.completions.create({ ...long, max_tokens: 1 });
    expect(next.choices[0]?.message.content).not.toBe('');
  });
});

describe("Anthropic's client before a real llama-server", () => {
  it('gets a message, whole and as a stream, and counts its tokens', async () => {
    await using gateway = await startGateway(CONFIG);
    const { client } = anthropic(gateway.url);
    const question = { model: 'claude-haiku', max_tokens: 100, messages: MESSAGES };
    const whole = await client.messages.create(question);
    expect(textOf(whole)).toBe(BETA_SAYS);
    const stream = client.messages.stream(question);
    expect(await stream.finalText()).toBe(BETA_SAYS);
    expect((await stream.finalMessage()).usage.output_tokens).toBe(whole.usage.output_tokens);
    const { model, messages } = question;
    const { input_tokens: counted } = await client.messages.countTokens({ model, messages });
    expect(counted).toBeGreaterThan(0);
  });
});

it('lists the same models to both', async () => {
  await using gateway = await startGateway(CONFIG);
  const expected = Object.keys(CONFIG.models).toSorted();
  const openAis = await openAi(gateway.url).client.models.list();
  expect(openAis.data.map(({ id }) => id)).toEqual(expected);
  const anthropics = await anthropic(gateway.url).client.models.list();
  expect(anthropics.data.map(({ id }) => id)).toEqual(expected);
});

function textOf({ content }: Anthropic.Message): string {
  return content.map((block) => (block.type === 'text' ? block.text : '')).join('');
}
