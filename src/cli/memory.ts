import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Enough for what hundreds of requests make in passing. V8 goes on to eight times of that under load, for a gain of a few
 * percent, and its pauses grow with it.
 */
const ENOUGH_YOUNG_BYTES = 16 * 1024 * 1024;

/**
 * Leaves out V8's compiler between the quick and the good one: on the way of a request it gains nothing that can be
 * measured, and it keeps 20 MB for what it has compiled. To be called before there is much to compile.
 */
export function compileInTwoSteps(): void {
  setFlagsFromString('--no-maglev');
}

/**
 * Bounds the space for young objects. V8's own setting for it is read before a program begins; what it grows by is read
 * each time. V8 also shrinks it in quiet times, and it must be able to grow again, so it is looked at after every
 * collection: some dozen times a second at most.
 */
export function boundYoungGeneration(): void {
  let mayGrow = true;
  new PerformanceObserver(() => {
    if (youngBytes() < ENOUGH_YOUNG_BYTES === mayGrow) return;
    mayGrow = !mayGrow;
    setFlagsFromString(`--semi-space-growth-factor=${mayGrow ? 2 : 1}`);
  }).observe({ entryTypes: ['gc'] });
}

function youngBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')?.space_size ?? 0;
}

/**
 * Gives back what a start has left behind: a fifth of the program's memory. After a busy time V8 does so by itself, within
 * some ten seconds of quiet; after a start it does not. It matters beyond looks: spawning a model copies the page tables of
 * this process, and blocks longer the larger it is. Takes some tens of milliseconds, and all that V8 has learnt about what
 * has run: a busy time that comes next would begin at half the speed.
 *
 * The ordinary collections do not shrink the space for young objects; the one for the last resort does.
 */
export function trimMemory(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (how: object) => void;
  setFlagsFromString('--no-expose-gc');
  collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}
