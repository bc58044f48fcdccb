import { executionAsyncResource } from 'node:async_hooks';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

// Options of V8 are set here when everything is loaded. What is compiled in advance, node's own modules first of all, counts
// only for V8 as it was set when that was done: a start takes a sixth longer when they are set at its beginning.

/** More than twice what V8 holds, with bytes beside its heap, while hundreds of requests are answered at once. */
const MUCH_BYTES = 128 * 1024 * 1024;
const LOOK_MS = 5_000;
/** The share of its time that the event loop is busy in a quiet time, at most. */
const QUIET = 0.05;

/**
 * Leaves out V8's compiler between the quick and the good one: on the way of a request it gains nothing that can be
 * measured, and it keeps 20 MB for what it has compiled.
 */
export function compileInTwoSteps(): void {
  setFlagsFromString('--no-maglev');
}

/**
 * Has all objects begin as young ones. V8 notes where those are made that live for long, and makes all from there old ones
 * at once. Whenever many requests wait, such as for a load, everything that a request is made of seems to live for long; and
 * what requests made from then on would stay until all that lives is gone through, which holds up streams, instead of being
 * gone with the next look at what is young.
 */
export function beginYoung(): void {
  setFlagsFromString('--no-allocation-site-pretenuring');
}

/**
 * Goes through all that lives when it has come to three times what it was after the last time. By itself V8 does so every
 * quarter of a minute where little is made old, and each time streams are held up.
 */
export function collectSeldom(): void {
  setFlagsFromString('--heap-growing-percent=200');
}

/** Objects that stay for the sake of their shape. */
const KEPT: object[] = [];

/**
 * Where the queue of `process.nextTick` makes its entries it notes their shape only once: should a collection find none of
 * them alive, that takes four times as long from then on, for ever, and there are ten to sixteen in a request. So one is kept.
 */
export function keepEntryOfNextTick(): void {
  process.nextTick(() => void KEPT.push(executionAsyncResource()));
}

/**
 * Gives back what a crowd has left behind, in the first quiet time after it: it may be hundreds of megabytes. Takes some
 * tens of milliseconds, and the compiled code. A crowd that is still there, such as one that waits for a slow load, has
 * nothing to give back yet; then twice as many looks pass until the next try.
 *
 * @param keptBytes How much may be kept on purpose, beside the heap: the captures.
 */
export function giveBackAfterCrowds(keptBytes: () => number, lookMs = LOOK_MS): void {
  let pause = 1;
  let looksLeft = 1;
  let before = performance.eventLoopUtilization();

  function isQuiet(): boolean {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    return utilization < QUIET;
  }

  function look(): void {
    const quiet = isQuiet();
    if (heldBytes() <= MUCH_BYTES + keptBytes()) {
      pause = 1;
      looksLeft = 1;
      return;
    }
    looksLeft -= 1;
    if (!quiet || looksLeft > 0) return;
    collectAll();
    pause *= 2;
    looksLeft = pause;
  }

  setInterval(look, lookMs).unref();
}

/** With what lies beside the heap: bodies, above all. */
function heldBytes(): number {
  const { total_heap_size, external_memory } = getHeapStatistics();
  return total_heap_size + external_memory;
}

/** The ordinary collections do not shrink the space for young objects, and keep free pages; the one for the last resort does. */
function collectAll(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (how: object) => void;
  setFlagsFromString('--no-expose-gc');
  collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}
