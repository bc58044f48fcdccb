import type { ModelId, UnitId } from '../shared/ids.ts';
import { isLent } from './leases.ts';
import { POLICIES } from './policies/by-name.ts';
import { takeLine } from './queue.ts';
import { modelsOf, type CoolDown, type Decision, type OrchestratorState, type Swap } from './state.ts';
import type { Refusal } from './types.ts';

/**
 * The swap that would serve a line, if it may begin now; or the refusal of a line that cannot be served; or null.
 *
 * INVARIANTS
 * - Two swaps under way never touch the same model, so a model that is being loaded for somebody is never evicted.
 * - A model with leases becomes a leaver only when somebody has waited for too long.
 * - What is cooling down after a failure evicts nobody.
 */
export function nextSwap(state: OrchestratorState, unit: UnitId): Decision | null {
  if (state.swaps.some((swap) => swap.unit === unit)) return null;
  const loads = modelsOf(state.topology, unit);
  const force = state.queue.lines.get(unit)?.some((ticket) => ticket.force) ?? false;
  const coolDown = force ? null : findCoolDown(state, loads);
  if (coolDown) return refuseLine(state, unit, coolDown);

  const resident = new Set(state.swaps.flatMap((swap) => swap.loads));
  for (const [model, phase] of state.phases) if (phase !== 'stopped') resident.add(model);
  const leaves = POLICIES[state.topology.policy]({ loads, resident: [...resident].sort() });

  if (state.swaps.some((swap) => touches(swap, loads) || touches(swap, leaves))) return null;
  if (isLent(state.leases, leaves) && !state.overdue.has(unit)) return null;

  const swap: Swap = { number: state.nextSwap, unit, loads, leaves, drained: false };
  return {
    state: { ...state, swaps: [...state.swaps, swap], nextSwap: state.nextSwap + 1 },
    effects: [{ kind: 'beginSwap', input: { number: swap.number, unit, loads, leaves, force } }],
  };
}

function touches(swap: Swap, models: readonly ModelId[]): boolean {
  return models.some((model) => swap.loads.includes(model) || swap.leaves.includes(model));
}

function findCoolDown(state: OrchestratorState, models: readonly ModelId[]): CoolDown | null {
  for (const model of models) {
    const coolDown = state.coolDowns.get(model);
    if (coolDown) return coolDown;
  }
  return null;
}

function refuseLine(state: OrchestratorState, unit: UnitId, { failure, until }: CoolDown): Decision {
  const { queue, tickets } = takeLine(state.queue, unit);
  const refusal: Refusal = { code: 'model_cooling_down', failure, retryAfterMs: Math.max(0, until - state.now) };
  return {
    state: { ...state, queue },
    effects: [{ kind: 'announce', announcement: { type: 'tickets.refused', tickets, refusal } }],
  };
}
