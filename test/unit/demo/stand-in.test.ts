import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createStandIn } from '../../../src/demo/create-stand-in.ts';
import { FINGERPRINT } from '../../../src/demo/stand-in.ts';

/** As much of the answers as is looked at here. */
interface Answer {
  choices: { finish_reason: string | null; delta: { content: string }; message: { content: string }; text: string }[];
  usage: { completion_tokens: number };
  timings: { predicted_n: number };
  system_fingerprint: string;
  data: object[];
}

const closing: (() => void)[] = [];
afterEach(() => closing.splice(0).forEach((close) => close()));

async function start({ loaded = true, tokensPerSecond = 0 } = {}): Promise<string> {
  const server = createStandIn({ name: 'alpha', tokensPerSecond, isLoaded: () => loaded });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function post(url: string, body: unknown): Promise<Response> {
  return fetch(url, { method: 'POST', body: JSON.stringify(body) });
}

async function events(response: Response): Promise<string[]> {
  const text = await response.text();
  expect(text.endsWith('\n\n')).toBe(true);
  return text
    .split('\n\n')
    .filter((event) => event !== '')
    .map((event) => event.replace(/^data: /, ''));
}

const HELLO = { messages: [{ role: 'user', content: 'Hello there' }] };

describe('stand-in', () => {
  it('answers 503 "Loading model" everywhere until it is loaded', async () => {
    const url = await start({ loaded: false });
    for (const response of [
      await fetch(`${url}/health`),
      await fetch(`${url}/v1/models`),
      await post(`${url}/v1/chat/completions`, HELLO),
    ]) {
      expect(response.status).toBe(503);
      expect(await response.json()).toEqual({
        error: { code: 503, message: 'Loading model', type: 'unavailable_error' },
      });
    }
  });

  it('says that it is a stand-in: in its answers, its fingerprint and its list of models', async () => {
    const url = await start();
    const answer = (await (await post(`${url}/v1/chat/completions`, HELLO)).json()) as Answer;
    expect(answer.choices[0]?.message.content).toMatch(/^I am alpha, a stand-in .*You said: "Hello there"$/);
    expect(answer.system_fingerprint).toBe(FINGERPRINT);
    expect(answer.timings.predicted_n).toBe(answer.usage.completion_tokens);
    const models = (await (await fetch(`${url}/v1/models`)).json()) as Answer;
    expect(models.data[0]).toMatchObject({ id: 'alpha', owned_by: FINGERPRINT });
  });

  it('streams chat in the order role, content, finish, usage, [DONE]', async () => {
    const url = await start();
    const body = { ...HELLO, stream: true, stream_options: { include_usage: true } };
    const response = await post(`${url}/v1/chat/completions`, body);
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    const all = await events(response);
    expect(all.at(-1)).toBe('[DONE]');
    const chunks = all.slice(0, -1).map((data) => JSON.parse(data) as Answer);
    expect(chunks[0]?.choices[0]?.delta).toEqual({ role: 'assistant', content: null });
    expect(chunks.at(-2)?.choices[0]).toEqual({ index: 0, finish_reason: 'stop', delta: {} });
    expect(chunks.at(-1)?.choices).toEqual([]);
    const said = chunks.slice(1, -2).map((chunk) => chunk.choices[0]?.delta.content);
    expect(said.join('')).toMatch(/You said: "Hello there"$/);
    expect(chunks.at(-1)?.usage.completion_tokens).toBe(said.length);
  });

  it('leaves the usage out of a stream that did not ask for it, and gives the timings with the finish', async () => {
    const url = await start();
    const all = await events(await post(`${url}/v1/chat/completions`, { ...HELLO, stream: true }));
    const finish = JSON.parse(all.at(-2) ?? '') as Answer;
    expect(finish.choices[0]?.finish_reason).toBe('stop');
    expect(finish.timings.predicted_n).toBeGreaterThan(0);
    expect(all.join('\n')).not.toContain('"usage"');
  });

  it('stops at max_tokens with finish_reason "length"', async () => {
    const url = await start();
    const answer = (await (await post(`${url}/v1/chat/completions`, { ...HELLO, max_tokens: 3 })).json()) as Answer;
    expect(answer.choices[0]).toMatchObject({ finish_reason: 'length', message: { content: 'I am alpha,' } });
    expect(answer.usage.completion_tokens).toBe(3);
  });

  it('completes prompts, streamed or not, with the same text', async () => {
    const url = await start();
    const whole = (await (await post(`${url}/v1/completions`, { prompt: 'once' })).json()) as Answer;
    const all = await events(await post(`${url}/v1/completions`, { prompt: 'once', stream: true }));
    const pieces = all.slice(0, -1).map((data) => (JSON.parse(data) as Answer).choices[0]?.text);
    expect(pieces.join('')).toBe(whole.choices[0]?.text);
    expect(all.at(-1)).toBe('[DONE]');
  });

  it('answers 400 to a body that is not a JSON object, and 404 to a path that it does not have', async () => {
    const url = await start();
    expect((await fetch(`${url}/v1/chat/completions`, { method: 'POST', body: '{' })).status).toBe(400);
    expect((await post(`${url}/v1/chat/completions`, [])).status).toBe(400);
    expect((await post(`${url}/v1/chat/completions`, {})).status).toBe(400);
    expect((await post(`${url}/v1/nothing`, {})).status).toBe(404);
    expect((await post(`${url}/toString`, {})).status).toBe(404);
  });

  it('serves the next client after one that left in the middle of a stream', async () => {
    const url = await start({ tokensPerSecond: 50 });
    const gone = new AbortController();
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      body: JSON.stringify({ ...HELLO, stream: true }),
      signal: gone.signal,
    });
    await response.body?.getReader().read();
    gone.abort();
    const next = await post(`${url}/v1/chat/completions`, { ...HELLO, max_tokens: 1 });
    expect(next.status).toBe(200);
  });
});
