import { expect, it } from 'vitest';
import { ask } from './ask.ts';
import { startGateway } from './gateway.ts';
import { llamaCommand, modelFile } from './llama-server.ts';

it('runs a draft model with the options of docs/examples/speculative-decoding.yaml', async () => {
  const draft = `-md '${modelFile('tiny-loop')}' --spec-type draft-simple`;
  const limits = '--spec-draft-n-max 16 --spec-draft-n-min 4 --spec-draft-p-min 0.4';
  await using gateway = await startGateway({
    models: { loop: { cmd: llamaCommand('tiny-loop', `${draft} ${limits}`) } },
  });
  const response = await ask(gateway.url, 'loop', { max_tokens: 60 });
  const { timings } = (await response.json()) as { timings: { draft_n_accepted: number } };
  expect(timings.draft_n_accepted).toBeGreaterThan(30);
});
