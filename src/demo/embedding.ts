import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { tokensOf } from './answer.ts';
import type { Json } from './json-http.ts';
import { sendJson, StandInError } from './json-http.ts';
import type { StandIn } from './stand-in.ts';
import { wordsOf } from './words.ts';

const DEFAULT_DIMENSIONS = 64;
const MAX_DIMENSIONS = 4096;

/**
 * A unit vector made by hashing: the same text always has the same vector, and texts that share words lie closer
 * together than texts that do not. Nothing is learned and nothing is meant.
 */
export function embed(text: string, dimensions: number): Float32Array {
  const sum = new Float32Array(dimensions);
  for (const word of wordsOf(text)) addHashed(sum, `word:${word}`, 1);
  // The text as a whole keeps "a b" apart from "b a", and gives a text without words a direction.
  addHashed(sum, `text:${text}`, 0.1);
  const norm = Math.hypot(...sum);
  return sum.map((value) => value / norm);
}

function addHashed(sum: Float32Array, key: string, weight: number): void {
  for (let start = 0; start < sum.length; start += 32) {
    const bytes = createHash('sha256').update(`${start}:${key}`).digest();
    for (let i = start; i < Math.min(start + 32, sum.length); i++) {
      sum[i] = (sum[i] ?? 0) + weight * ((bytes[i - start] ?? 0) - 127.5);
    }
  }
}

/** POST /v1/embeddings */
export function embeddings(self: StandIn, body: Json, res: ServerResponse): void {
  const texts = readInput(body['input']);
  const dimensions = readDimensions(body['dimensions']);
  const base64 = body['encoding_format'] === 'base64';
  const promptTokens = texts.reduce((count, text) => count + tokensOf(text).length, 0);
  sendJson(res, 200, {
    object: 'list',
    model: self.name,
    data: texts.map((text, index) => {
      const vector = embed(text, dimensions);
      return {
        object: 'embedding',
        index,
        embedding: base64 ? Buffer.from(vector.buffer).toString('base64') : Array.from(vector),
        ...(base64 && { encoding_format: 'base64' }),
      };
    }),
    usage: { prompt_tokens: promptTokens, total_tokens: promptTokens },
  });
}

function readInput(input: unknown): string[] {
  const texts = Array.isArray(input) ? input : [input];
  if (texts.length === 0 || !texts.every((text) => typeof text === 'string')) {
    throw new StandInError(400, '"input" must be a string or a non-empty array of strings.');
  }
  return texts;
}

function readDimensions(dimensions: unknown): number {
  if (dimensions === undefined) return DEFAULT_DIMENSIONS;
  if (Number.isInteger(dimensions) && Number(dimensions) >= 1 && Number(dimensions) <= MAX_DIMENSIONS) {
    return Number(dimensions);
  }
  throw new StandInError(400, `"dimensions" must be a whole number from 1 to ${MAX_DIMENSIONS}.`);
}
