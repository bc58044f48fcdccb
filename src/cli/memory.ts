import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Enough for what hundreds of requests make in passing. V8 goes on to eight times of that under load, for a gain of a few
 * percent, and its pauses grow with it.
 */
const ENOUGH_YOUNG_BYTES = 16 * 1024 * 1024;

export interface MemoryTimes {
  /** Between two looks. */
  readonly lookMs: number;
  /** How long nothing must go on before garbage is collected. */
  readonly restMs: number;
}

/** A full collection lets go of what V8 has learnt about a busy time, and the next one begins at half the speed. */
const USUAL_TIMES: MemoryTimes = { lookMs: 1_500, restMs: 60_000 };

/** The share of the time since the last look below which nothing is going on. */
const IDLE = 0.03;
/** What a trim must promise to give back. */
const WORTH_BYTES = 24 * 1024 * 1024;

/**
 * Keeps the program small: the space for young objects is bounded, and what a busy time has left behind goes back when
 * nobody waits. V8 would keep it for the next busy time, which a gateway may not see for hours. It matters
 * beyond looks: spawning a model copies the page tables of this process, and blocks longer the larger it is.
 *
 * @param isQuiet Whether nobody waits for an answer: what is in use makes a collection take long.
 */
export function keepMemorySmall(isQuiet: () => boolean, { lookMs, restMs } = USUAL_TIMES): void {
  boundYoungGeneration();
  let busyAt = performance.now();
  let collectedTo = process.memoryUsage.rss();
  let before = performance.eventLoopUtilization();
  setInterval(() => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    if (utilization > IDLE || !isQuiet()) busyAt = performance.now();
    else if (performance.now() - busyAt >= restMs && process.memoryUsage.rss() > collectedTo + WORTH_BYTES) {
      collectGarbage();
      collectedTo = process.memoryUsage.rss();
    }
  }, lookMs).unref();
}

/**
 * V8's own setting for it is read before a program begins; what it grows by is read each time. It also shrinks in quiet
 * times, and must be able to grow again, so it is looked at after every collection: some dozen times a second at most.
 */
function boundYoungGeneration(): void {
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

/** Gives back what nobody refers to any more. Takes some tens of milliseconds. */
export function collectGarbage(): void {
  collector()({ type: 'major', execution: 'sync' });
}

/**
 * The same with all that V8 could make anew: room for young objects, and its code for what has run. A start leaves much of
 * both behind, a fifth of the program's memory, and none of it is of use later.
 */
export function collectEverything(): void {
  collector()({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}

function collector(): (how: object) => void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (how: object) => void;
  setFlagsFromString('--no-expose-gc');
  return collect;
}
