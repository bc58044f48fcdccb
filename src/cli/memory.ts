import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

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

/**
 * Keeps compiled code through quiet times. V8 compiles for the shapes of objects, and between two requests nothing has the
 * shape of a request. The collections that come some ten seconds after a busy time would give up every such shape, and the
 * code with it: the next request is served at a third of the speed, and a part of Node that notes a shape only once (the
 * queue of `process.nextTick`) stays at an eighth for ever. They still give back what is free.
 */
export function keepCompiledCode(): void {
  setFlagsFromString('--no-memory-reducer-favors-memory');
}

function youngBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')?.space_size ?? 0;
}
