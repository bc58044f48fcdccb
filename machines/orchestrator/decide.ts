import { apply } from './apply.ts';
import { settle } from './settle.ts';
import type { Decision, OrchestratorState } from './state.ts';
import type { OrchestratorEvent } from './types.ts';

/**
 * One event in, the state after it and everything that follows from it out. The whole of scheduling, without an actor.
 *
 * INVARIANTS, each held by a property test
 * - No ticket is lost, none is answered twice: each ends granted, refused or withdrawn.
 * - Tickets of one line are granted in the order they came.
 * - A model with leases is stopped only by an unload, a shutdown or its own end, never by a swap.
 * - A model that a swap loads is never another swap's leaver.
 * - Nobody gets a lease on a model that a swap wants gone.
 */
export function decide(state: OrchestratorState, event: OrchestratorEvent): Decision {
  const applied = apply(state, event);
  const settled = settle(applied.state);
  return { state: settled.state, effects: [...applied.effects, ...settled.effects] };
}
