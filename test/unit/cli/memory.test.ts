import { execFileSync } from 'node:child_process';
import { EventEmitter, on } from 'node:events';
import { readFileSync } from 'node:fs';
import { constants } from 'node:perf_hooks';
import type * as V8 from 'node:v8';
import { getHeapStatistics } from 'node:v8';
import { describe, expect, it, vi } from 'vitest';
import { giveBackAfterCrowds } from '../../../src/cli/memory.ts';

const MIB = 1024 * 1024;

/** Each option of V8 that is set, in order; they are set, too. */
const optionsSet: string[] = [];
vi.mock('node:v8', async (importOriginal) => {
  const v8 = await importOriginal<typeof V8>();
  const setFlagsFromString = (option: string): void => {
    optionsSet.push(option);
    v8.setFlagsFromString(option);
  };
  return { ...v8, setFlagsFromString };
});

// Node refuses an option on its command line that it does not know; one that is set later is ignored in silence, and
// they come and go with the versions of V8.
it('V8 knows each option that is set', () => {
  const text = readFileSync(new URL('../../../src/cli/memory.ts', import.meta.url), 'utf8');
  const options = [...text.matchAll(/FromString\(['`]--(?:no-)?([a-z\d-]+)/g)].map(([, name = '']) => name);
  expect(options).toHaveLength(5);
  const known = execFileSync(process.execPath, ['--v8-options'], { encoding: 'utf8' });
  for (const option of options) expect(known.includes(`  --${option} (`), option).toBe(true);
});

// Without the option it begins old here, unless the compiler is late: it is V8's to decide when.
it('what is made where a crowd was made before begins young', () => {
  const memory = new URL('../../../src/cli/memory.ts', import.meta.url).href;
  const program = `
    import { beginYoung } from '${memory}';
    beginYoung();
    const isYoung = new Function('object', 'return %InYoungGeneration(object)');
    const make = (number) => ({ number, list: [number] });
    for (let crowd = 0; crowd < 4; crowd += 1) {
      const all = [];
      for (let number = 0; number < 500_000; number += 1) all.push(make(number));
    }
    console.log(isYoung(make(0)));`;
  const options = ['--allow-natives-syntax', '--max-semi-space-size=8', '--input-type=module', '--eval', program];
  expect(execFileSync(process.execPath, options, { encoding: 'utf8' })).toBe('true\n');
});

type Collection = { readonly detail: { readonly kind: number } };

/** Each collection, when it is over. */
async function* collections(): AsyncGenerator<Collection> {
  const emitter = new EventEmitter();
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) emitter.emit('collection', entry);
  });
  observer.observe({ entryTypes: ['gc'] });
  for await (const [collection] of on(emitter, 'collection')) yield collection as Collection;
}

async function collected(isIt: (collection: Collection) => boolean): Promise<void> {
  for await (const collection of collections()) if (isIt(collection)) return;
}

const isMajor = ({ detail }: Collection) => detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR;
const isLittleHeld = () => getHeapStatistics().total_heap_size < 100 * MIB;

function crowd(): unknown[] {
  const all = Array.from({ length: 20 }, () => Array.from({ length: 1_000_000 }, () => 1));
  expect(getHeapStatistics().total_heap_size).toBeGreaterThan(140 * MIB);
  return all;
}

// V8 itself would come to it after eight seconds at the earliest.
describe('what a crowd has left behind is given back', { timeout: 5_000 }, () => {
  let keptBytes = () => 0;
  giveBackAfterCrowds(() => keptBytes(), 5);

  it('when it has gone, and no gc function stays behind', async () => {
    crowd().length = 0;
    await collected(isLittleHeld);
    expect(globalThis.gc).toBeUndefined();
  });

  it('when it was bytes beside the heap', async () => {
    const bodies = Array.from({ length: 150 }, () => Buffer.alloc(MIB));
    expect(getHeapStatistics().external_memory).toBeGreaterThan(140 * MIB);
    bodies.length = 0;
    await collected(() => getHeapStatistics().external_memory < 100 * MIB);
  });

  it('but nothing is collected for what is kept on purpose', async () => {
    const captures = Array.from({ length: 150 }, () => Buffer.alloc(MIB));
    const before = optionsSet.length;
    await new Promise<void>((resolve) => {
      let looks = 0;
      keptBytes = () => {
        if (++looks === 20) resolve();
        return 150 * MIB;
      };
    });
    expect(optionsSet.slice(before)).toEqual([]);
    keptBytes = () => 0;
    captures.length = 0;
    await collected(() => getHeapStatistics().external_memory < 100 * MIB);
    expect(optionsSet.slice(before)).toContain('--expose-gc');
  });

  it('when it goes after the third try', async () => {
    const waiting = crowd();
    for (let tries = 0; tries < 3; tries += 1) await collected(isMajor);
    expect(isLittleHeld()).toBe(false);
    waiting.length = 0;
    await collected(isLittleHeld);
  });
});
