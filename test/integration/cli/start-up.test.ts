import { expect, it } from 'vitest';
import { runProgram } from '../../kit/program.ts';
import { assertNoProcessLeft } from '../../kit/processes.ts';

/** Prints which of node's own modules have been loaded, and how large the space for young objects is, when asked to. */
const SPY = `
import { getHeapSpaceStatistics } from 'node:v8';
process.on('SIGUSR2', () => {
  const young = getHeapSpaceStatistics().find((space) => space.space_name === 'new_space');
  console.log('SPY ' + JSON.stringify({ modules: process.moduleLoadList, youngBytes: young.space_size }) + ' YPS');
});`;

const watched = ['--import', `data:text/javascript,${encodeURIComponent(SPY)}`];

async function spyOn(program: ReturnType<typeof runProgram>): Promise<{ modules: string[]; youngBytes: number }> {
  program.signal('SIGUSR2');
  const [, json = ''] = await program.printed(/SPY (.*) YPS/);
  return JSON.parse(json) as { modules: string[]; youngBytes: number };
}

it('a start loads no WebSocket client, no HTTP/2 and no TLS: nobody has asked for them', async () => {
  const program = runProgram(['--listen', '127.0.0.1:0'], { node: watched });
  await fetch(`${await program.url()}/v1/models`);
  const { modules } = await spyOn(program);
  expect(modules.filter((name) => /NativeModule (?:internal\/deps\/undici\/undici|http2|tls)$/.test(name))).toEqual([]);
  program.signal('SIGTERM');
  expect(await program.ended).toBe(0);
  await assertNoProcessLeft();
}, 60_000);

// They come compiled, for V8 as it is without options of its own: set at the beginning, one of these makes a start a sixth longer.
it('a start compiles none of node’s own modules anew', async () => {
  const spy = `
    import { createRequire } from 'node:module';
    const { internalBinding } = createRequire('/')('internal/test/binding');
    process.on('SIGUSR2', () => {
      const { compiledWithCache, compiledWithoutCache } = internalBinding('builtins').getCacheUsage();
      console.log('SPY ' + JSON.stringify({ kept: [...compiledWithCache], anew: [...compiledWithoutCache] }) + ' YPS');
    });`;
  const node = ['--expose-internals', '--import', `data:text/javascript,${encodeURIComponent(spy)}`];
  const program = runProgram(['--listen', '127.0.0.1:0'], { node });
  await program.url();
  program.signal('SIGUSR2');
  const [, json = ''] = await program.printed(/SPY (.*) YPS/);
  const { kept, anew } = JSON.parse(json) as { kept: string[]; anew: string[] };
  expect(kept).toContain('http');
  expect(kept).toContain('crypto');
  expect(anew).toEqual([]);
  program.signal('SIGTERM');
  expect(await program.ended).toBe(0);
  await assertNoProcessLeft();
}, 60_000);

it('the space for young objects is bounded, however many requests there are', async () => {
  const program = runProgram(['--listen', '127.0.0.1:0'], { node: watched });
  const url = await program.url();
  const body = JSON.stringify({ model: 'x'.repeat(100_000) });
  // Each keeps its body for a moment; without the bound these few make the space four times as large.
  for (let turn = 0; turn < 30; turn += 1) {
    const answers = Array.from({ length: 30 }, () => fetch(`${url}/v1/chat/completions`, { method: 'POST', body }));
    for (const answer of await Promise.all(answers)) await answer.text();
  }
  expect((await spyOn(program)).youngBytes).toBeLessThanOrEqual(32 * 1024 * 1024);
  program.signal('SIGTERM');
  expect(await program.ended).toBe(0);
}, 60_000);
