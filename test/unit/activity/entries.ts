import type { Exchange } from '../../../src/activity/captures.ts';
import { type ActivityQuery, parseActivityQuery } from '../../../src/activity/parse-query.ts';
import type { ActivityRecord } from '../../../src/activity/record.ts';
import { NO_TOKENS } from '../../../src/activity/usage.ts';

export const NOON = Date.UTC(2026, 0, 31, 12, 0, 0);

export function record(changes: Partial<ActivityRecord> = {}): ActivityRecord {
  return {
    at: NOON,
    model: 'alpha',
    path: '/v1/chat/completions',
    contentType: 'application/json',
    status: 200,
    tokens: NO_TOKENS,
    durationMs: 100,
    error: '',
    metadata: {},
    firstTokenMs: null,
    queueMs: null,
    loadMs: null,
    client: null,
    ...changes,
  };
}

export function exchange(changes: Partial<Exchange> = {}): Exchange {
  return {
    path: '/v1/chat/completions',
    status: 200,
    requestHeaders: { 'content-type': 'application/json', authorization: 'Bearer sk-secret', host: 'gateway:8080' },
    requestBody: Buffer.from('{"model":"alpha"}'),
    responseHeaders: { 'content-type': 'application/json', 'set-cookie': ['a=secret', 'b'] },
    responseBody: Buffer.from('{"ok":true}'),
    ...changes,
  };
}

export function query(text = ''): ActivityQuery {
  const { query, problems } = parseActivityQuery(new URLSearchParams(text));
  if (query === null) throw new Error(problems.join());
  return query;
}
