import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { tokensOf } from './answer.ts';
import type { Json } from './json-http.ts';

export interface Generation {
  readonly tokens: readonly string[];
  readonly finishReason: 'stop' | 'length';
  readonly promptTokens: number;
}

/** What will be said: the answer, cut off at the request's token limit. */
export function generation(prompt: string, answer: string, limit: number): Generation {
  const tokens = tokensOf(answer);
  return {
    tokens: tokens.slice(0, limit),
    finishReason: tokens.length > limit ? 'length' : 'stop',
    promptTokens: tokensOf(prompt).length,
  };
}

/**
 * Hands over the tokens one at a time at the given speed (tokens per second, 0 = at once). Ends early when the client
 * goes away; returns whether it got to the end.
 */
export async function speak(
  { tokens }: Generation,
  tokensPerSecond: number,
  res: ServerResponse,
  say: (token: string) => void,
): Promise<boolean> {
  const gone = new AbortController();
  const leave = () => gone.abort();
  res.once('close', leave);
  try {
    for (const token of tokens) {
      if (tokensPerSecond > 0) await delay(1000 / tokensPerSecond, undefined, { signal: gone.signal });
      if (res.destroyed) return false;
      say(token);
      if (res.writableNeedDrain) await once(res, 'drain', { signal: gone.signal });
    }
    return true;
  } catch (error) {
    if (gone.signal.aborted) return false;
    throw error;
  } finally {
    res.off('close', leave);
  }
}

export function usage({ promptTokens, tokens }: Generation): Json {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: tokens.length,
    total_tokens: promptTokens + tokens.length,
    prompt_tokens_details: { cached_tokens: 0 },
  };
}

/** The speed report that llama-server adds to its answers. Reading the prompt costs a stand-in nothing. */
export function timings({ promptTokens, tokens }: Generation, elapsedMs: number): Json {
  const promptMs = 0.001 * Math.max(promptTokens, 1);
  const predictedMs = Math.max(elapsedMs, 0.001);
  return {
    cache_n: 0,
    prompt_n: promptTokens,
    prompt_ms: promptMs,
    prompt_per_token_ms: promptMs / Math.max(promptTokens, 1),
    prompt_per_second: (promptTokens * 1000) / promptMs,
    predicted_n: tokens.length,
    predicted_ms: predictedMs,
    predicted_per_token_ms: predictedMs / Math.max(tokens.length, 1),
    predicted_per_second: (tokens.length * 1000) / predictedMs,
  };
}
