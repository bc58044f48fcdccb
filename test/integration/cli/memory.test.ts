import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const MEMORY = new URL('../../../src/cli/memory.ts', import.meta.url).href;

/** Fills memory, lets go of all of it, and tells how much of it the process has given back when it is told to look. */
const script = (isQuiet: boolean): string => `
  const { keepMemorySmall } = await import('${MEMORY}');
  keepMemorySmall(() => ${String(isQuiet)}, { lookMs: 500, restMs: 200 });
  let kept = Array.from({ length: 3_000_000 }, (_, at) => ({ at }));
  const peak = process.memoryUsage.rss();
  kept = null;
  const giveUp = performance.now() + ${isQuiet ? 50_000 : 2_500};
  const look = setInterval(() => {
    const given = peak - process.memoryUsage.rss() > 50e6;
    if (!given && performance.now() < giveUp) return;
    clearInterval(look);
    console.log(given ? 'given back' : 'kept');
  }, 100);`;

async function run(isQuiet: boolean): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script(isQuiet)]);
  return stdout.trim();
}

it('memory goes back after a busy time', async () => {
  expect(await run(true)).toBe('given back');
});

it('nothing is collected on purpose while somebody waits', async () => {
  expect(await run(false)).toBe('kept');
});
