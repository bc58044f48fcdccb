import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { freePorts } from '../kit/free-port.ts';
import { runProgram } from '../kit/program.ts';
import { temporaryFolder } from '../kit/temporary-folder.ts';
import { answerOf, ask, dataOf } from './ask.ts';
import { startGateway } from './gateway.ts';
import { ALPHA_SAYS, llamaCommand, pidsServing } from './llama-server.ts';

// A llama-server with a request in flight does not end on SIGTERM until its client has gone. So the gateway has to go
// first: if it did not, each of these stops would last for this long and end in SIGKILL.
const UNLOAD_TIMEOUT_S = 40;

const CONFIG = {
  unloadTimeout: UNLOAD_TIMEOUT_S,
  models: {
    loop: { cmd: llamaCommand('tiny-loop', '-c 131072') },
    alpha: { cmd: llamaCommand('tiny-alpha') },
  },
};

/** An answer that has begun and will not end for a long time. */
async function longAnswer(url: string): Promise<AsyncGenerator<string>> {
  const stream = dataOf(await ask(url, 'loop', { stream: true, max_tokens: 120_000 }));
  await stream.next();
  expect(pidsServing('tiny-loop')).toHaveLength(1);
  return stream;
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
  await using gateway = await startGateway(CONFIG);
  const stream = await longAnswer(gateway.url);
  const cut = expectCut(stream);
  const unload = fetch(`${gateway.url}/api/models/unload/loop`, { method: 'POST' });
  expect(await elapsedSeconds(unload)).toBeLessThan(UNLOAD_TIMEOUT_S / 2);
  expect((await unload).status).toBe(200);
  expect(pidsServing('tiny-loop')).toEqual([]);
  await cut;
  expect(await answerOf(await ask(gateway.url, 'alpha'))).toBe(ALPHA_SAYS);
});

it('frees the model when the client of an endless answer hangs up', async () => {
  await using gateway = await startGateway(CONFIG);
  const stream = await longAnswer(gateway.url);
  await stream.return(undefined);
  expect(await answerOf(await ask(gateway.url, 'alpha'))).toBe(ALPHA_SAYS);
  expect(pidsServing('tiny-loop')).toEqual([]);
});

it('ends at a shutdown when an answer outlasts the time that it is given, without waiting for SIGKILL', async () => {
  await using gateway = await startGateway(CONFIG, { drainTimeoutMs: 300 });
  const cut = expectCut(await longAnswer(gateway.url));
  expect(await elapsedSeconds(gateway.close())).toBeLessThan(UNLOAD_TIMEOUT_S / 2);
  expect(pidsServing('tiny-loop')).toEqual([]);
  await cut;
});

it('leaves no llama-server behind when a second signal forces the program to end', async () => {
  const folder = temporaryFolder();
  const file = join(folder, 'config.yaml');
  writeFileSync(file, JSON.stringify({ ...CONFIG, startPort: await freePorts(2) }));
  const program = runProgram(['serve', '--config', file, '--listen', '127.0.0.1:0', '--data-dir', folder]);
  const cut = expectCut(await longAnswer(await program.url()));
  program.signal('SIGTERM');
  await program.printed(/once more/i);
  program.signal('SIGTERM');
  expect(await program.ended).toBe(1);
  expect(pidsServing('tiny-loop')).toEqual([]);
  await cut;
});
