import { fromPromise } from 'xstate';
import type { ProbeInput } from '../../machines/model/types.ts';
import { listenerOf } from '../process/listener.ts';
import { loopbackAddresses } from '../process/port.ts';
import type { ActorLog } from './actor-log.ts';
import { askHealth } from './ask-health.ts';
import type { Incarnation } from './incarnation.ts';
import type { LaunchSpec, ModelRegistry } from './model-registry.ts';

const FIRST_DELAY_MS = 5;
const BUSY_DELAY_MS = 50;
const LONG_DELAY_MS = 250;
/** How long a start is probed closely; after that it is a slow one. */
const CLOSE_PHASE_MS = 5_000;
/** By a twentieth each time, so that at first nobody waits longer than a twentieth of what the start has taken. */
const GROWTH = 1.05;
const FIRST_TIMEOUT_MS = 1_000;
const LONGEST_TIMEOUT_MS = 5_000;
/** Probes in a row without a pause; a process that prints without end must not cost a whole core. */
const LONGEST_BURST = 3;
const BURST_PAUSE_MS = 10;

/**
 * Waits until the health endpoint answers exactly 200, and it is not a process of another gateway that does.
 *
 * INVARIANTS
 * - At most one probe is in flight, and each ends by its own timeout, which grows: an answer that takes seconds counts.
 * - Output during a probe that fails is not lost: the next probe follows at once.
 * - Ends by itself only with success. Giving up is the machine's: it leaves the state, which aborts the signal.
 */
export function createHealthProbe(parts: { registry: ModelRegistry; log: ActorLog }) {
  return fromPromise<{ at: number }, ProbeInput>(async ({ input, signal }) => {
    const { registry, log } = parts;
    const incarnation = registry.current(input.model);
    // It has exited already, and the report of that is on its way.
    if (incarnation === null) return aborted(signal);
    const startedAt = performance.now();
    const isStranger = watchForStrangers(incarnation, () => {
      log.warn(`${input.model}: its address is answered by a process of another gateway, so it is not ready`);
    });
    const address = await awaitHealth(() => registry.runningSpec(input.model), incarnation, isStranger, signal);
    if (address !== null) incarnation.rememberAddress(address);
    log.debug(`${input.model}: healthy after ${Math.round(performance.now() - startedAt)} ms`);
    return { at: Date.now() };
  });
}

/**
 * @param specOf looked at for each probe: the configuration may be read again meanwhile
 * @returns the address that answered, if known.
 */
async function awaitHealth(
  specOf: () => LaunchSpec,
  incarnation: Incarnation,
  isStranger: (spec: LaunchSpec, address: string | null) => Promise<boolean>,
  signal: AbortSignal,
): Promise<string | null> {
  const startedAt = performance.now();
  const doorbell = createDoorbell();
  const stopListening = incarnation.onOutput(doorbell.ring);
  signal.addEventListener('abort', doorbell.ring);
  let timeoutMs = FIRST_TIMEOUT_MS;
  let delayMs = FIRST_DELAY_MS;
  let burst = 0;

  try {
    for (;;) {
      signal.throwIfAborted();
      doorbell.reset();
      const spec = specOf();
      const answer = await askHealth(spec, timeoutMs, signal);
      if (answer.healthy && !(await isStranger(spec, answer.address))) return answer.address;
      if (answer.timedOut) timeoutMs = Math.min(LONGEST_TIMEOUT_MS, timeoutMs * 2);

      if (doorbell.rang() && ++burst < LONGEST_BURST) continue;
      if (doorbell.rang()) await pause(BURST_PAUSE_MS);
      else await doorbell.wait(delayMs);
      burst = 0;
      const isClose = performance.now() - startedAt < CLOSE_PHASE_MS;
      delayMs = Math.min(isClose ? BUSY_DELAY_MS : LONG_DELAY_MS, delayMs * GROWTH);
    }
  } finally {
    stopListening();
    signal.removeEventListener('abort', doorbell.ring);
  }
}

/**
 * A port that was free when the process was started can have been taken meanwhile by that of another gateway: the
 * wrong model would answer, until this one tries to listen and fails.
 */
function watchForStrangers(incarnation: Incarnation, onFirst: () => void) {
  let strange: string | null = null;
  return async ({ upstream }: LaunchSpec, address: string | null): Promise<boolean> => {
    if (address === null || loopbackAddresses(upstream.hostname) === null) return false;
    const { socket, isStranger } = await listenerOf(address, upstream.port, incarnation.pid);
    if (isStranger && strange === null) onFirst();
    if (isStranger) strange = socket;
    // A stranger can have ended between its answer and this look.
    return strange !== null && (socket === null || socket === strange);
  };
}

interface Doorbell {
  readonly ring: () => void;
  /** Whether somebody rang since the last reset. */
  readonly rang: () => boolean;
  readonly reset: () => void;
  /** Until it rings, or for so long. */
  readonly wait: (limitMs: number) => Promise<void>;
}

/** Remembers that somebody rang, and lets one visitor wait for it. */
function createDoorbell(): Doorbell {
  let rung = false;
  let wake: () => void = () => {};
  return {
    ring() {
      rung = true;
      wake();
    },
    rang: () => rung,
    reset() {
      rung = false;
    },
    wait: (limitMs: number) =>
      new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, limitMs);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      }),
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const give = (): void => reject(signal.reason as Error);
    if (signal.aborted) give();
    else signal.addEventListener('abort', give, { once: true });
  });
}
