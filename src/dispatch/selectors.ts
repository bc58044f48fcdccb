import { coolDownMs } from '../../machines/shared/backoff.ts';
import type { ModelId } from '../../machines/shared/ids.ts';
import type { Phase } from '../../machines/shared/phase.ts';
import type { SelectorConfig, SelectorTarget } from '../config/types.ts';

/**
 * Chooses targets for the requests of selectors.
 *
 * INVARIANTS
 * - Each choice is counted on its target until it is released; a second release does nothing.
 * - What is known of phases and failures only puts targets into an order: the target itself says whether it serves, and
 *   the next one is asked if it cannot. So a phase that is out of date costs a detour and no request.
 */
export interface Selectors {
  /**
   * @param tried Keys of targets that have failed this request already.
   * @returns null when no target is left.
   */
  choose(selector: SelectorConfig, tried: ReadonlySet<string>): Choice | null;
}

interface Choice {
  readonly target: SelectorTarget;
  /** For `tried`: equal for targets that are the same model. */
  readonly key: string;
  /** @param failed whether the target could not serve at all */
  release(failed: boolean): void;
}

interface Candidate {
  readonly target: SelectorTarget;
  readonly key: string;
  readonly phase: Phase | null;
  readonly busy: number;
}

interface Strike {
  readonly count: number;
  readonly untilMs: number;
}

const LOADING: ReadonlySet<Phase | null> = new Set(['starting', 'health-checking'] as const);

/** @param phaseOf what a model is doing, as far as is known */
export function createSelectors(phaseOf: (model: ModelId) => Phase, now: () => number = Date.now): Selectors {
  const reservations = new Map<string, Map<string, number>>();
  const strikes = new Map<string, Strike>();
  let turn = 0;

  return {
    choose(selector, tried) {
      const counts = reservations.get(selector.id) ?? new Map<string, number>();
      reservations.set(selector.id, counts);
      const candidates = selector.targets
        .map((target): Candidate => {
          const key = keyOf(target);
          const phase = target.kind === 'model' ? phaseOf(target.model) : null;
          return { target, key, phase, busy: counts.get(key) ?? 0 };
        })
        .filter(({ key }) => !tried.has(key));
      const healthy = candidates.filter(({ key }) => (strikes.get(key)?.untilMs ?? 0) <= now());
      const chosen = pick(selector, healthy) ?? pick(selector, candidates);
      return chosen && reserve(counts, chosen);
    },
  };

  function pick({ strategy, spillover }: SelectorConfig, from: readonly Candidate[]): Candidate | null {
    switch (strategy) {
      case 'pin':
        return from[0] ?? null;
      case 'warm':
        return warmest(from);
      case 'spillover':
        return leastBusy(from, spillover, turn++);
    }
  }

  function reserve(counts: Map<string, number>, { target, key, busy }: Candidate): Choice {
    counts.set(key, busy + 1);
    let held = true;
    return {
      target,
      key,
      release(failed) {
        if (!held) return;
        held = false;
        counts.set(key, (counts.get(key) ?? 1) - 1);
        if (target.kind === 'peer') remember(key, failed);
      },
    };
  }

  /** A model has a cool-down of its own; of a peer that cannot be reached only the requests to it tell. */
  function remember(key: string, failed: boolean): void {
    if (!failed) {
      strikes.delete(key);
      return;
    }
    const count = (strikes.get(key)?.count ?? 0) + 1;
    strikes.set(key, { count, untilMs: now() + coolDownMs(count) });
  }
}

function keyOf(target: SelectorTarget): string {
  return target.kind === 'model' ? `model:${target.model}` : `peer:${target.peer}/${target.model}`;
}

function warmest(from: readonly Candidate[]): Candidate | null {
  return from.find(({ phase }) => phase === 'ready') ?? from.find(({ phase }) => LOADING.has(phase)) ?? from[0] ?? null;
}

/** A target that is being stopped is none; one that is loaded comes before a cold one until it has enough to do. */
function leastBusy(from: readonly Candidate[], spillover: number, turn: number): Candidate | null {
  const usable = from.filter(({ phase }) => phase !== 'stopping');
  const active = usable.filter(({ phase, busy }) => busy > 0 || phase === 'ready' || LOADING.has(phase));
  const cold = usable.find((candidate) => !active.includes(candidate)) ?? null;
  const least = Math.min(...active.map(({ busy }) => busy));
  if (active.length === 0 || (least >= spillover && cold !== null)) return cold;
  const idlest = active.filter(({ busy }) => busy === least);
  return idlest[turn % idlest.length] ?? null;
}
