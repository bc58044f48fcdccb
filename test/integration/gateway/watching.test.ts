import { afterEach, expect, it } from 'vitest';
import { closeGateways, startGateway } from '../../kit/gateway.ts';

afterEach(closeGateways);

interface Entry {
  readonly model: string;
  readonly resp_status_code: number;
  readonly queue_ms: number;
  readonly load_ms: number;
}

it('a chat that waits for its model is told so, answered in the same stream, and recorded with its load', async () => {
  const gateway = await startGateway({
    slow: { options: { 'load-ms': 600 }, sendLoadingState: true },
  });
  const response = await gateway.chat('slow', { stream: true });
  const text = await response.text();
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  expect(text).toContain('llama-swap loading model: slow');
  expect(text).toContain('"Loading.');
  expect(text).toMatch(/Done! \(\d\.\d\ds\)/);
  expect(text).toContain('"content":"Hello"');
  expect(text.endsWith('data: [DONE]\n\n')).toBe(true);

  const read = async <T>(path: string): Promise<T> => (await (await fetch(gateway.url + path)).json()) as T;
  const { data } = await read<{ data: Entry[] }>('/api/metrics/activity');
  expect(data).toMatchObject([{ model: 'slow', resp_status_code: 200 }]);
  const [entry] = data;
  expect(entry?.load_ms).toBeGreaterThan(0);
  expect(entry?.queue_ms).toBeGreaterThanOrEqual(entry?.load_ms ?? Infinity);

  const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
  expect(metrics).toMatch(/^llamaswap_model_state\{[^}]*model="slow"[^}]*state="ready"[^}]*\} 1$/m);
  expect(metrics).toMatch(/^llamaswap_model_load_seconds_count\{model="slow"\} 1$/m);
  expect(metrics).toMatch(/^llamaswap_queue_wait_seconds_count\{model="slow"\} 1$/m);
});

it('/running and /api/events say starting while a model loads, and the true phase beside it', async () => {
  const gateway = await startGateway({ slow: { options: { 'load-ms': 600 } } });
  const events = await fetch(`${gateway.url}/api/events`);
  const answer = gateway.chat('slow');
  await gateway.reaches('slow', 'health-checking');
  const running = await (await fetch(`${gateway.url}/running`)).json();
  expect(running).toMatchObject({ running: [{ model: 'slow', state: 'starting', phase: 'health-checking' }] });
  await (await answer).text();
  let text = '';
  for await (const chunk of events.body ?? []) {
    text += Buffer.from(chunk).toString();
    if (text.includes('\\"state\\":\\"ready\\"')) break;
  }
  const states = [...text.matchAll(/\\"state\\":\\"(\w+)\\",\\"phase\\":\\"([\w-]+)\\"/g)].map(([, state, phase]) => [
    state,
    phase,
  ]);
  expect(states).toEqual([
    ['stopped', 'stopped'],
    ['starting', 'starting'],
    ['starting', 'health-checking'],
    ['ready', 'ready'],
  ]);
});
