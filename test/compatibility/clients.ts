import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { expect } from 'vitest';

/** One answer that a client got, before it decided what to do about it. */
export interface Exchange {
  readonly status: number;
  readonly retryAfter: string | null;
  /** Milliseconds of the monotonic clock: when the request was sent. */
  readonly sentAt: number;
}

interface ClientOptions {
  readonly apiKey?: string;
  readonly maxRetries?: number;
}

/** OpenAI's own client before a gateway, and every answer it got. It does not retry unless told. */
export function openAi(gatewayUrl: string, options: ClientOptions = {}): { client: OpenAI; exchanges: Exchange[] } {
  const exchanges: Exchange[] = [];
  const client = new OpenAI({
    apiKey: 'none',
    maxRetries: 0,
    ...options,
    baseURL: `${gatewayUrl}/v1`,
    fetch: recordInto(exchanges),
  });
  return { client, exchanges };
}

/** Anthropic's own client before a gateway, likewise. */
export function anthropic(
  gatewayUrl: string,
  options: ClientOptions = {},
): { client: Anthropic; exchanges: Exchange[] } {
  const exchanges: Exchange[] = [];
  const client = new Anthropic({
    apiKey: 'none',
    maxRetries: 0,
    ...options,
    baseURL: gatewayUrl,
    fetch: recordInto(exchanges),
  });
  return { client, exchanges };
}

function recordInto(exchanges: Exchange[]): typeof fetch {
  return async (input, init) => {
    const sentAt = performance.now();
    const response = await fetch(input, init);
    exchanges.push({ status: response.status, retryAfter: response.headers.get('retry-after'), sentAt });
    return response;
  };
}

/** That the client came back, and each time not before the answer had said it should. */
export function expectRetriesAfterHints(exchanges: readonly Exchange[]): void {
  expect(exchanges.length).toBeGreaterThan(1);
  for (const [i, { retryAfter, sentAt }] of exchanges.slice(0, -1).entries()) {
    expect(retryAfter).toMatch(/^[1-9]\d*$/);
    // Timers may end a little early. Without a hint both clients come back within half a second.
    expect((exchanges[i + 1]?.sentAt ?? 0) - sentAt).toBeGreaterThan(Number(retryAfter) * 1_000 - 20);
  }
}

/** What a promise is rejected with; throws when it is not. */
export async function rejectionOf(promise: PromiseLike<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('expected a rejection');
}

/** Resolves when the log of a model holds the text. */
export async function awaitLogLine(gatewayUrl: string, model: string, text: string): Promise<void> {
  const response = await fetch(`${gatewayUrl}/logs/stream/${encodeURIComponent(model)}`);
  let seen = '';
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    seen += chunk;
    // Leaving the loop gives the stream up.
    if (seen.includes(text)) return;
  }
  throw new Error(`the log ended without ${JSON.stringify(text)}: ${seen}`);
}
