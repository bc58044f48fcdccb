import type { ModelId } from '../../machines/shared/ids.ts';
import type { Transition } from './journal.ts';

/** Taken for a model before anything has been measured. Milliseconds. */
export const UNMEASURED_LOAD_MS = 10_000;

/** How much the newest measurement counts. */
const WEIGHT = 0.3;

/** How long models take to load, measured, so that `Retry-After` says something true. */
export interface LoadTimes {
  /** To be fed with every transition of the journal. */
  observe(transition: Transition): void;
  /** Milliseconds from `starting` to `ready`: the model's own average, else the average of the others, else a guess. */
  estimateMs(model: ModelId): number;
  /** The model's own average in milliseconds; null before it has been measured. */
  measuredMs(model: ModelId): number | null;
  /** Its last load that ended well; null before there was one. Epoch milliseconds. */
  lastLoad(model: ModelId): { readonly from: number; readonly to: number } | null;
}

export function createLoadTimes(): LoadTimes {
  const startedAt = new Map<string, number>();
  const averages = new Map<string, number>();
  const lastLoads = new Map<string, { from: number; to: number }>();

  return {
    observe({ actor, at, to }) {
      if (!actor.startsWith('model:') || to === 'health-checking') return;
      if (to === 'starting') {
        startedAt.set(actor, at);
        return;
      }
      const start = startedAt.get(actor);
      startedAt.delete(actor);
      // A load that failed or was called off says nothing about how long one takes.
      if (start === undefined || to !== 'ready') return;
      lastLoads.set(actor, { from: start, to: at });
      const took = Math.max(0, at - start);
      const before = averages.get(actor);
      averages.set(actor, before === undefined ? took : before + WEIGHT * (took - before));
    },
    estimateMs(model) {
      const own = averages.get(`model:${model}`);
      if (own !== undefined) return own;
      if (averages.size === 0) return UNMEASURED_LOAD_MS;
      return [...averages.values()].reduce((sum, average) => sum + average, 0) / averages.size;
    },
    measuredMs: (model) => averages.get(`model:${model}`) ?? null,
    lastLoad: (model) => lastLoads.get(`model:${model}`) ?? null,
  };
}
