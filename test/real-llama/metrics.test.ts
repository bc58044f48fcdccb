import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { answerOf, ask } from './ask.ts';
import { startGateway } from './gateway.ts';
import { ALPHA_SAYS, llamaCommand, PROMTOOL } from './llama-server.ts';

interface Verdict {
  readonly status: number | null;
  readonly words: string;
}

/** What Prometheus' own tool says about an exposition. */
function promtool(metrics: string): Verdict {
  const { status, stdout, stderr, error } = spawnSync(PROMTOOL, ['check', 'metrics'], {
    input: metrics,
    encoding: 'utf8',
  });
  if (error !== undefined) throw error;
  return { status, words: `${stdout}${stderr}` };
}

it('promtool finds nothing to say about /metrics, before and after there was work', async () => {
  await using gateway = await startGateway({
    models: { alpha: { cmd: llamaCommand('tiny-alpha') }, broken: { cmd: 'no-such-server --port ${PORT}' } },
  });
  const metrics = async (): Promise<string> => (await fetch(`${gateway.url}/metrics`)).text();
  expect(promtool(await metrics())).toEqual({ status: 0, words: '' });

  expect(await answerOf(await ask(gateway.url, 'alpha'))).toBe(ALPHA_SAYS);
  await (await ask(gateway.url, 'alpha', { stream: true })).text();
  expect((await ask(gateway.url, 'broken')).status).toBe(503);
  expect((await ask(gateway.url, 'nobody')).status).toBe(404);
  // The machine itself is looked at a little later.
  await expect.poll(metrics, { timeout: 20_000, interval: 200 }).toMatch(/^llamaswap_memory_total_bytes /m);
  const text = await metrics();
  expect(text).toMatch(/^llamaswap_requests_total\{.*model="alpha".*\} 2$/m);
  expect(promtool(text)).toEqual({ status: 0, words: '' });
});

it('promtool is not content with everything', () => {
  expect(promtool('# TYPE x counter\nx 1\n').words).toContain('"_total" suffix');
  expect(promtool('this is no metric\n').status).not.toBe(0);
});
