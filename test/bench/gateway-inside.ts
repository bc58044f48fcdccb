import { monitorEventLoopDelay } from 'node:perf_hooks';
import { getHeapSpaceStatistics } from 'node:v8';
import { beginYoung, collectSeldom, keepEntryOfNextTick } from '../../src/cli/memory.ts';
import { createGateway } from '../../src/gateway.ts';
import { sharedNow } from './machine.ts';

/** What only the gateway's own process can know. */
export interface InnerFigures {
  readonly rssMiB: number;
  /** Of objects, when nothing is left that could be collected. V8 compiles anew now and then, and keeps both for a while. */
  readonly heapMiB: number;
  /** Event-loop delay since the last `restart`. */
  readonly delayP50Ms: number;
  readonly delayP99Ms: number;
  readonly delayMaxMs: number;
  /** When a model last became ready, on the clock of `sharedNow()`. */
  readonly readyAtMs: number;
}

export type Question = 'figures' | 'restart';

/** The gateway in a process that can be asked about its heap and its event loop. Arguments: configuration, data folder. */
const [, , configFile = '', dataDir = ''] = process.argv;
const gateway = await createGateway({ configFile, dataDir, logLevel: 'error' });
beginYoung();
collectSeldom();
keepEntryOfNextTick();
const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
let readyAtMs = 0;
gateway.on('transition', ({ to }) => {
  if (to === 'ready') readyAtMs = sharedNow();
});

process.on('message', (question: Question) => {
  if (question === 'restart') {
    delay.reset();
    process.send?.(null);
    return;
  }
  // The delay first: a collection delays too. The sampler waits a millisecond itself; only what comes on top counts.
  const late = (nanos: number) => Math.max(0, nanos / 1e6 - 1);
  const delays = {
    delayP50Ms: late(delay.percentile(50)),
    delayP99Ms: late(delay.percentile(99)),
    delayMaxMs: late(delay.max),
  };
  const { rss } = process.memoryUsage();
  for (let i = 0; i < 3; i++) globalThis.gc?.();
  process.send?.({ ...delays, rssMiB: rss / 2 ** 20, heapMiB: heapMiB(), readyAtMs } satisfies InnerFigures);
});
/** What is compiled lies in the spaces for code and in the trusted ones. */
function heapMiB(): number {
  const spaces = getHeapSpaceStatistics().filter(({ space_name }) => !/code|trusted/.test(space_name));
  return spaces.reduce((bytes, { space_used_size }) => bytes + space_used_size, 0) / 2 ** 20;
}

process.on('disconnect', () => void gateway.forceClose().finally(() => process.exit()));
process.send?.(gateway.url);
