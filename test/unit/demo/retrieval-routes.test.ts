import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createStandIn } from '../../../src/demo/create-stand-in.ts';

const server = createStandIn({ name: 'alpha', tokensPerSecond: 0, isLoaded: () => true });
let url = '';

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
});

function post(path: string, body: unknown): Promise<Response> {
  return fetch(url + path, { method: 'POST', body: JSON.stringify(body) });
}

describe('embeddings', () => {
  interface Embeddings {
    data: { index: number; embedding: number[] | string }[];
    usage: { prompt_tokens: number };
  }

  it('gives one vector per input, in order, and the same numbers in base64', async () => {
    const input = ['one', 'two words'];
    const plain = (await (await post('/v1/embeddings', { input })).json()) as Embeddings;
    const coded = (await (await post('/v1/embeddings', { input, encoding_format: 'base64' })).json()) as Embeddings;
    expect(plain.data.map(({ index }) => index)).toEqual([0, 1]);
    expect(plain.usage.prompt_tokens).toBe(3);
    plain.data.forEach(({ embedding }, i) => {
      const bytes = Buffer.from(coded.data[i]?.embedding as string, 'base64');
      expect(bytes.length).toBe(4 * embedding.length);
      expect(Array.from({ length: embedding.length }, (_, at) => bytes.readFloatLE(4 * at))).toEqual(embedding);
    });
  });

  it('makes vectors of the length asked for and refuses impossible lengths', async () => {
    const short = (await (await post('/v1/embeddings', { input: 'x', dimensions: 7 })).json()) as Embeddings;
    expect(short.data[0]?.embedding).toHaveLength(7);
    expect((await post('/v1/embeddings', { input: 'x', dimensions: 0 })).status).toBe(400);
    expect((await post('/v1/embeddings', { input: [1, 2] })).status).toBe(400);
  });
});

describe('rerank', () => {
  interface Ranking {
    results: { index: number; relevance_score: number; document?: { text: string } }[];
  }

  const documents = ['The sky is blue.', 'A panda is a bear.', 'What is a panda? A bear.'];

  it('puts the document that shares most words first and keeps the rest in order', async () => {
    const { results } = (await (await post('/v1/rerank', { query: 'what is a panda', documents })).json()) as Ranking;
    expect(results.map(({ index }) => index)).toEqual([2, 1, 0]);
    expect(results[0]).not.toHaveProperty('document');
  });

  it('gives top_n results, with their documents when asked', async () => {
    const body = { query: 'panda', documents: documents.map((text) => ({ text })), top_n: 1, return_documents: true };
    const { results } = (await (await post('/v1/rerank', body)).json()) as Ranking;
    expect(results).toHaveLength(1);
    expect(results[0]?.document?.text).toMatch(/panda/);
  });
});
