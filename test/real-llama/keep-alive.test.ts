import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { answerOf, ask } from './ask.ts';
import { startGateway } from './gateway.ts';
import { ALPHA_SAYS, llamaCommand } from './llama-server.ts';

const CONFIG = { models: { alpha: { cmd: llamaCommand('tiny-alpha') } } };

it('loses no request when llama-server closes its connections after 100 answers', async () => {
  await using gateway = await startGateway(CONFIG);
  for (let n = 0; n < 250; n++) expect(await answerOf(await ask(gateway.url, 'alpha'))).toBe(ALPHA_SAYS);
});

it('loses no request to connections that llama-server closes after 5 s of silence', async () => {
  await using gateway = await startGateway(CONFIG);
  const greet = () => ask(gateway.url, 'alpha').then(answerOf);
  // As many connections as answers at once; then each is used again around the moment when it is being closed.
  expect(await Promise.all(Array.from({ length: 8 }, greet))).toEqual(Array(8).fill(ALPHA_SAYS));
  const late = Array.from({ length: 16 }, async (_, i) => {
    await delay(4900 + i * 15);
    return await greet();
  });
  expect(await Promise.all(late)).toEqual(Array(16).fill(ALPHA_SAYS));
});
