import { expect, it } from 'vitest';
import { createGateway, type Gateway } from '../../src/gateway.ts';
import { answerOf, ask, dataOf } from './ask.ts';
import { ALPHA_SAYS, llamaCommand, pidsServing } from './llama-server.ts';
import { temporaryFolder } from '../kit/temporary-folder.ts';

// A llama-server with a request in flight does not end on SIGTERM until its client has gone. So the gateway has to go
// first: if it did not, each of these stops would last for this long and end in SIGKILL.
const UNLOAD_TIMEOUT_S = 40;

async function startTalking(): Promise<{ gateway: Gateway; stream: AsyncGenerator<string> }> {
  const gateway = await createGateway({
    config: {
      unloadTimeout: UNLOAD_TIMEOUT_S,
      models: {
        loop: { cmd: llamaCommand('tiny-loop', '-c 131072') },
        alpha: { cmd: llamaCommand('tiny-alpha') },
      },
    },
    listen: '127.0.0.1:0',
    dataDir: temporaryFolder(),
  });
  const stream = dataOf(await ask(gateway.url, 'loop', { stream: true, max_tokens: 120_000 }));
  await stream.next();
  expect(pidsServing('tiny-loop')).toHaveLength(1);
  return { gateway, stream };
}

/** Reads to the end; a cut connection must look like one, and never like an answer that is complete. */
async function expectCut(stream: AsyncGenerator<string>): Promise<void> {
  const pieces: string[] = [];
  await expect(
    (async () => {
      for await (const data of stream) pieces.push(data);
    })(),
  ).rejects.toThrow(/terminated|socket|aborted/i);
  expect(pieces).not.toContain('[DONE]');
}

async function elapsedSeconds(work: Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work;
  return (performance.now() - started) / 1000;
}

it('unloads a llama-server in the middle of an answer without waiting for SIGKILL', async () => {
  const { gateway, stream } = await startTalking();
  try {
    const cut = expectCut(stream);
    const unload = fetch(`${gateway.url}/api/models/unload/loop`, { method: 'POST' });
    expect(await elapsedSeconds(unload)).toBeLessThan(UNLOAD_TIMEOUT_S / 2);
    expect((await unload).status).toBe(200);
    expect(pidsServing('tiny-loop')).toEqual([]);
    await cut;
    expect(await answerOf(await ask(gateway.url, 'alpha'))).toBe(ALPHA_SAYS);
  } finally {
    await gateway.close();
  }
});

it('frees the model when the client of an endless answer hangs up', async () => {
  const { gateway, stream } = await startTalking();
  try {
    await stream.return(undefined);
    expect(await answerOf(await ask(gateway.url, 'alpha'))).toBe(ALPHA_SAYS);
    expect(pidsServing('tiny-loop')).toEqual([]);
  } finally {
    await gateway.close();
  }
});
