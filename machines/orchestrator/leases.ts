import type { ModelId } from '../shared/ids.ts';

/**
 * How many requests use each model now. A model without leases is not in the map.
 *
 * INVARIANT: no count is ever below one; giving back what was not lent changes nothing.
 */
export type Leases = ReadonlyMap<ModelId, number>;

export function lend(leases: Leases, model: ModelId, number = 1): Leases {
  return number === 0 ? leases : new Map(leases).set(model, (leases.get(model) ?? 0) + number);
}

export function giveBack(leases: Leases, model: ModelId): Leases {
  const held = leases.get(model);
  if (held === undefined) return leases;
  const next = new Map(leases);
  if (held === 1) next.delete(model);
  else next.set(model, held - 1);
  return next;
}

/** Counts further uses of a model by somebody who has a lease on it. */
export function split(leases: Leases, model: ModelId, more: number): Leases {
  return leases.has(model) ? lend(leases, model, more) : leases;
}

export function isLent(leases: Leases, models: Iterable<ModelId>): boolean {
  if (leases.size === 0) return false;
  for (const model of models) if (leases.has(model)) return true;
  return false;
}
