import { execFileSync } from 'node:child_process';
import { EventEmitter, on } from 'node:events';
import { readFileSync } from 'node:fs';
import { getHeapStatistics } from 'node:v8';
import { describe, expect, it } from 'vitest';
import { giveBackAfterCrowds } from '../../../src/cli/memory.ts';

const MIB = 1024 * 1024;

// Node refuses an option on its command line that it does not know; one that is set later is ignored in silence, and
// they come and go with the versions of V8.
it('V8 knows each option that is set', () => {
  const text = readFileSync(new URL('../../../src/cli/memory.ts', import.meta.url), 'utf8');
  const options = [...text.matchAll(/FromString\(['`]--(?:no-)?([a-z\d-]+)/g)].map(([, name = '']) => name);
  expect(options).toHaveLength(5);
  const known = execFileSync(process.execPath, ['--v8-options'], { encoding: 'utf8' });
  for (const option of options) expect(known.includes(`  --${option} (`), option).toBe(true);
});

/** Until V8 holds so little, asked after each collection. */
async function heldAtMost(bytes: number): Promise<void> {
  for await (const _ of on(collections(), 'collection')) if (getHeapStatistics().total_heap_size < bytes) return;
}

function collections(): EventEmitter {
  const emitter = new EventEmitter();
  new PerformanceObserver(() => emitter.emit('collection')).observe({ entryTypes: ['gc'] });
  return emitter;
}

describe('after a crowd', () => {
  // V8 itself would come to it after eight seconds at the earliest.
  it('what it has left behind is given back, and no gc function stays behind', { timeout: 5_000 }, async () => {
    giveBackAfterCrowds(5);
    const crowd = Array.from({ length: 30 }, () => Array.from({ length: 1_000_000 }, () => 1));
    expect(getHeapStatistics().total_heap_size).toBeGreaterThan(200 * MIB);
    crowd.length = 0;
    await heldAtMost(100 * MIB);
    expect(globalThis.gc).toBeUndefined();
  });
});
