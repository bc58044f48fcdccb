import { executionAsyncResource } from 'node:async_hooks';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const MIB = 1024 * 1024;
/**
 * Enough for what hundreds of requests make in passing. V8 goes on to eight times of that under load, for a gain of a few
 * percent, and its pauses grow with it.
 */
const ENOUGH_YOUNG_BYTES = 16 * MIB;
/** Three times what V8 holds while hundreds of requests are answered at once. */
const MUCH_BYTES = 128 * MIB;
const LOOK_MS = 5_000;
/** Collections between two looks; one client that asks for one thing after the other causes several times as many. */
const FEW = 10;

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
  afterCollections(() => {
    if (heldBytes('new_space') < ENOUGH_YOUNG_BYTES === mayGrow) return;
    mayGrow = !mayGrow;
    setFlagsFromString(`--semi-space-growth-factor=${mayGrow ? 2 : 1}`);
  });
}

/** Objects that stay for the sake of their shape. */
const KEPT: object[] = [];

/**
 * Keeps compiled code through quiet times. V8 compiles for the shapes of objects, and between two requests nothing has the
 * shape of a request. The collections that may come some ten seconds after a busy time would give up every such shape, and
 * the code with it: the next request is served at a third of the speed. What they would give back in exchange is some
 * megabytes.
 *
 * Where the queue of `process.nextTick` makes its entries it notes their shape only once: without it that takes four times as
 * long, for ever, and there are ten to sixteen in a request. So one entry is kept, whoever collects.
 */
export function keepCompiledCode(): void {
  setFlagsFromString('--no-memory-reducer-favors-memory');
  process.nextTick(() => void KEPT.push(executionAsyncResource()));
}

/**
 * Gives back what a crowd has left behind, in the first quiet time after it: it may be hundreds of megabytes. Takes some
 * tens of milliseconds, and the compiled code. A crowd that is still there, such as one that waits for a slow load, has
 * nothing to give back yet; then twice as many looks pass until the next try.
 */
export function giveBackAfterCrowds(lookMs = LOOK_MS): void {
  let collections = 0;
  let pause = 1;
  let looksLeft = 1;
  let timer: NodeJS.Timeout | null = null;

  function look(): void {
    const isQuiet = collections < FEW;
    collections = 0;
    looksLeft -= 1;
    if (!isQuiet || looksLeft > 0) return;
    collectAll();
    pause = heldBytes() > MUCH_BYTES ? pause * 2 : 1;
    looksLeft = pause;
    if (pause > 1 || timer === null) return;
    clearInterval(timer);
    timer = null;
  }

  afterCollections(() => {
    collections += 1;
    if (timer === null && heldBytes() > MUCH_BYTES) timer = setInterval(look, lookMs).unref();
  });
}

function afterCollections(act: () => void): void {
  new PerformanceObserver(act).observe({ entryTypes: ['gc'] });
}

/** The ordinary collections do not shrink the space for young objects, and keep free pages; the one for the last resort does. */
function collectAll(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (how: object) => void;
  setFlagsFromString('--no-expose-gc');
  collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}

/** @returns what V8 holds for objects, whether they are there or not: in one space, or in all. */
function heldBytes(space?: string): number {
  return getHeapSpaceStatistics()
    .filter(({ space_name: name }) => space === undefined || name === space)
    .reduce((sum, { space_size: bytes }) => sum + bytes, 0);
}
