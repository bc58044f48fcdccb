import { expect, it } from 'vitest';
import { createGateway } from '../../src/gateway.ts';
import { ask } from './ask.ts';
import { llamaCommand, modelFile } from './llama-server.ts';
import { temporaryFolder } from '../kit/temporary-folder.ts';

it('runs a draft model with the options of docs/examples/speculative-decoding.yaml', async () => {
  const draft = `-md '${modelFile('tiny-loop')}' --spec-type draft-simple`;
  const limits = '--spec-draft-n-max 16 --spec-draft-n-min 4 --spec-draft-p-min 0.4';
  await using stack = new AsyncDisposableStack();
  const gateway = await createGateway({
    config: { models: { loop: { cmd: llamaCommand('tiny-loop', `-c 2048 ${draft} ${limits}`) } } },
    listen: '127.0.0.1:0',
    dataDir: temporaryFolder(),
  });
  stack.defer(() => gateway.close());
  const response = await ask(gateway.url, 'loop', { max_tokens: 60 });
  const { timings } = (await response.json()) as { timings: { draft_n_accepted: number } };
  expect(timings.draft_n_accepted).toBeGreaterThan(30);
});
