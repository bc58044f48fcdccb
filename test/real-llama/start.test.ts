import { expect, it } from 'vitest';
import { answerOf, ask } from './ask.ts';
import { startGateway } from './gateway.ts';
import { freePort } from '../kit/free-port.ts';
import { LLAMA_SERVER, llamaCommand, SLOW_SAYS } from './llama-server.ts';

it('keeps a request waiting while llama-server answers 503 "Loading model", then forwards it', async () => {
  const port = await freePort();
  await using gateway = await startGateway({
    startPort: port,
    models: { slow: { cmd: llamaCommand('tiny-slow') } },
  });
  const states: string[] = [];
  gateway.on('transition', ({ actor, to }) => actor === 'model:slow' && states.push(to));
  const answered = new AbortController();
  const answer = ask(gateway.url, 'slow').then(async (response) => {
    answered.abort();
    return { status: response.status, text: await answerOf(response) };
  });

  const seen = new Set<number>();
  while (!answered.signal.aborted) {
    const health = await fetch(`http://127.0.0.1:${port}/health`).catch(() => null);
    if (health !== null) seen.add(health.status);
  }
  expect(await answer).toEqual({ status: 200, text: SLOW_SAYS });
  expect(seen).toContain(503);
  expect(states).toEqual(['starting', 'health-checking', 'ready']);
});

it('says at once why a llama-server without its model file did not start: exit code and its own words', async () => {
  await using gateway = await startGateway({
    models: { broken: { cmd: `'${LLAMA_SERVER}' -m /does/not/exist.gguf --port \${PORT}` } },
  });
  const response = await ask(gateway.url, 'broken');
  expect(response.status).toBe(503);
  const { src, error } = (await response.json()) as {
    src: string;
    error: { code: string; details: { exitCode: number; logTail: string[] } };
  };
  expect(src).toBe('llama-swap');
  expect(error.code).toBe('model_start_failed');
  expect(error.details.exitCode).toBe(1);
  expect(error.details.logTail.join('\n')).toMatch(/load/i);
});
