import type { ModelId } from '../../../machines/shared/ids.ts';
import { createRoster } from '../../dispatch/roster.ts';
import { beginFeedback, type FeedbackDeps, type WaitFeedback } from '../feedback/wait-feedback.ts';
import type { Payload } from '../forward/flight.ts';
import type { Trip } from './trip.ts';

/** One wait of a request whose body is in memory. */
interface PatientWait {
  readonly trip: Trip;
  readonly model: ModelId;
  readonly payload: Payload;
  readonly signal: AbortSignal;
  /** On the clock of `performance.now()`. */
  readonly since: number;
}

/** A wait that is looked after. */
interface LookedAfter extends PatientWait {
  readonly place: number;
  feedback: WaitFeedback | null;
}

/**
 * Looks after those who wait: whoever waits for long is told about it.
 *
 * INVARIANT: one timer for all of them, since most waits are over at once and one for each would cost more than the wait;
 * it runs only while somebody waits, or did when it last looked.
 */
export interface Patience {
  wait(wait: PatientWait): LookedAfter;
  over(wait: LookedAfter, isGranted: boolean): void;
}

export function createPatience(deps: FeedbackDeps, sendsLoadingState: (model: ModelId) => boolean): Patience {
  const waits = createRoster<LookedAfter>();
  const { loadingAfterMs } = deps.times;
  let timer: NodeJS.Timeout | null = null;

  function look(): void {
    timer = null;
    const now = performance.now();
    for (const wait of waits) {
      if (wait.feedback === null && now - wait.since >= loadingAfterMs) wait.feedback = begin(wait);
    }
    if (waits.size > 0) watch();
  }

  function begin({ trip, model, payload, signal, since }: PatientWait): WaitFeedback {
    const { res, path, name } = trip;
    const sendsLoading = sendsLoadingState(model);
    const client = { res, path, payload, name, model, signal, startedAt: since, sendsLoadingState: sendsLoading };
    return beginFeedback(client, deps) ?? NONE;
  }

  function watch(): void {
    timer ??= setTimeout(look, loadingAfterMs / 2).unref();
  }

  return {
    wait(wait) {
      const looked = { ...wait, place: -1, feedback: null };
      looked.place = waits.add(looked);
      watch();
      return looked;
    },
    over(wait, isGranted) {
      waits.remove(wait.place);
      wait.feedback?.end(isGranted);
    },
  };
}

const NONE: WaitFeedback = { end() {} };
