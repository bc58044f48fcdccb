import { describe, expect, it } from 'vitest';
import { recordOf, type RequestFacts } from '../../../src/activity/record.ts';
import { NO_TOKENS } from '../../../src/activity/usage.ts';
import type { Usage } from '../../../src/activity/usage-meter.ts';

const FACTS: RequestFacts = {
  at: 5,
  model: 'alpha',
  path: '/v1/chat/completions',
  contentType: 'text/event-stream',
  status: 200,
  startedAt: 1_000,
  endedAt: 1_100.4,
};
const USAGE: Usage = {
  tokens: NO_TOKENS,
  upstreamMs: 0,
  error: '',
  decodable: true,
  bytes: 10,
  firstTokenAt: 1_040,
};

describe('the record of a request', () => {
  it('has its times, and no more than is known', () => {
    expect(recordOf(FACTS, USAGE)).toEqual({
      at: 5,
      model: 'alpha',
      path: '/v1/chat/completions',
      contentType: 'text/event-stream',
      status: 200,
      tokens: NO_TOKENS,
      durationMs: 100,
      error: '',
      metadata: {},
      firstTokenMs: 40,
      queueMs: null,
      loadMs: null,
      client: null,
    });
  });

  it('takes the time of the upstream where that is longer', () => {
    expect(recordOf(FACTS, { ...USAGE, upstreamMs: 250.6 }).durationMs).toBe(251);
  });

  it.each<[Partial<RequestFacts>, string, string]>([
    [{ error: 'cut by the upstream' }, 'other', 'cut by the upstream'],
    [{ status: 500 }, 'out of memory', 'out of memory'],
    [{ status: 499 }, '', 'HTTP 499'],
    [{ status: 503 }, '', '503 Service Unavailable'],
  ])('%j, "%s" → %s', (facts, said, expected) => {
    expect(recordOf({ ...FACTS, ...facts }, { ...USAGE, error: said }).error).toBe(expected);
  });
});
