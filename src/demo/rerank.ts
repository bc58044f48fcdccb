import type { ServerResponse } from 'node:http';
import { tokensOf } from './answer.ts';
import type { Json } from './json-http.ts';
import { sendJson, StandInError } from './json-http.ts';
import type { StandIn } from './stand-in.ts';
import { wordsOf } from './words.ts';

/** How many words two texts share, from 0 (none) to 1 (the same set of words). */
export function relevance(query: string, document: string): number {
  const asked = new Set(wordsOf(query));
  const given = new Set(wordsOf(document));
  if (asked.size === 0 || given.size === 0) return 0;
  const shared = [...asked].filter((word) => given.has(word));
  return shared.length / Math.sqrt(asked.size * given.size);
}

/** POST /v1/rerank */
export function rerank(self: StandIn, body: Json, res: ServerResponse): void {
  const query = body['query'];
  if (typeof query !== 'string') throw new StandInError(400, '"query" must be a string.');
  const documents = readDocuments(body['documents']);
  const topN = body['top_n'];
  const results = documents
    .map((text, index) => ({
      index,
      relevance_score: relevance(query, text),
      ...(body['return_documents'] === true && { document: { text } }),
    }))
    .sort((a, b) => b.relevance_score - a.relevance_score || a.index - b.index)
    .slice(0, typeof topN === 'number' && topN >= 0 ? topN : undefined);
  const promptTokens = documents.reduce((count, text) => count + tokensOf(`${query} ${text}`).length, 0);
  sendJson(res, 200, {
    object: 'list',
    model: self.name,
    results,
    usage: { prompt_tokens: promptTokens, total_tokens: promptTokens },
  });
}

function readDocuments(documents: unknown): string[] {
  if (!Array.isArray(documents)) throw new StandInError(400, '"documents" must be an array.');
  return documents.map((document: unknown) => {
    const text = typeof document === 'string' ? document : (document as Json | null)?.['text'];
    if (typeof text !== 'string') throw new StandInError(400, 'Each of "documents" must be a string or have a "text".');
    return text;
  });
}
