import { type ModelId, profileActorId, type UnitId } from '../shared/ids.ts';
import { isLent } from './leases.ts';
import { EXCLUSIVE, evictions } from './policies/policy.ts';
import { takeLine } from './queue.ts';
import {
  isProfile,
  isThere,
  modelsOf,
  priorityOf,
  type CoolDown,
  type Decision,
  type OrchestratorState,
  type Swap,
} from './state.ts';
import type { Refusal } from './types.ts';

/** A swap that has just begun. */
const FRESH = { drained: false, outdated: false } as const;

/**
 * The swap that would serve a line, if it may begin now; or the refusal of a line that cannot be served; or null.
 *
 * INVARIANTS
 * - Two swaps under way never touch the same model, so a model that is being loaded for somebody is never evicted.
 * - A model with leases becomes a leaver only when somebody has waited for too long, or waits for a model of a higher
 *   priority. A patient ticket does neither.
 * - What is cooling down after a failure evicts nobody, nor does what a process that outlives SIGKILL is in the way of.
 * - The members of a profile share the machine with nobody, whatever the policy says of each of them.
 *
 * @param ahead lines that have waited for too long and cannot begin yet: no swap begins that would make them wait longer
 */
export function nextSwap(state: OrchestratorState, unit: UnitId, ahead: readonly UnitId[]): Decision | null {
  if (state.swaps.some((swap) => swap.unit === unit)) return null;
  const loads = modelsOf(state.topology, unit);
  const force = state.queue.lines.get(unit)?.some((ticket) => ticket.force) ?? false;
  const coolDown = force ? null : findCoolDown(state, loads);
  if (coolDown) return refuseLine(state, unit, coolingDown(state, coolDown));

  const leaves = leaversFor(state, unit, loads);
  const stuck = [...loads, ...leaves].find((model) => state.stuck.has(model));
  if (stuck !== undefined) return refuseLine(state, unit, stuckInTheWay(state, stuck));
  if (state.swaps.some((swap) => touches(swap, loads) || touches(swap, leaves))) return null;
  if (isLent(state.leases, leaves) && !state.overdue.has(unit) && !outranks(state, unit, leaves)) return null;

  const swap: Swap = { ...FRESH, number: state.nextSwap, unit, loads, leaves };
  const next = { ...state, swaps: [...state.swaps, swap], nextSwap: state.nextSwap + 1 };
  if (ahead.some((other) => isInTheWay(next, swap, other))) return null;
  return { state: next, effects: [{ kind: 'beginSwap', input: { number: swap.number, unit, loads, leaves, force } }] };
}

/** Who must leave before the unit can be loaded, whatever else is under way. */
function leaversFor(state: OrchestratorState, unit: UnitId, loads: readonly ModelId[]): ModelId[] {
  const present = new Set(state.swaps.flatMap((swap) => swap.loads));
  for (const model of state.phases.keys()) present.add(model);
  const rules = isProfile(unit) ? EXCLUSIVE : state.topology.policy;
  const leaves = new Set(evictions(rules, { loads, resident: [...present].sort() }));
  for (const member of othersInProfiles(state, loads)) if (present.has(member)) leaves.add(member);
  return [...leaves].sort();
}

/** The other members of every profile that is there or on its way, and to which not all of the models belong. */
function othersInProfiles(state: OrchestratorState, loads: readonly ModelId[]): ModelId[] {
  const there = [...state.topology.profiles].filter(([id, { members }]) => {
    const isComing = state.swaps.some(({ unit }) => unit === profileActorId(id));
    return (isThere(state, id) || isComing) && !loads.every((model) => members.includes(model));
  });
  return there.flatMap(([, { members }]) => members.filter((member) => !loads.includes(member)));
}

/** Whether a line, once it is its turn, would have to wait for this swap. */
function isInTheWay(state: OrchestratorState, swap: Swap, unit: UnitId): boolean {
  const loads = modelsOf(state.topology, unit);
  return touches(swap, loads) || touches(swap, leaversFor(state, unit, loads));
}

/** Whether a line waits for something of a higher priority than any of these models in use. */
function outranks({ topology, queue, leases }: OrchestratorState, unit: UnitId, models: readonly ModelId[]): boolean {
  const priority = priorityOf(topology, queue.lines.get(unit) ?? []);
  return models.every((model) => !leases.has(model) || priority > (topology.models.get(model)?.priority ?? 0));
}

/**
 * The swap that lets a model go whose definition has changed, if it may begin now. It waits for the model's leases. What
 * is stuck can only be waited for.
 */
export function retirement(state: OrchestratorState, model: ModelId): Decision | null {
  if (state.stuck.has(model)) return null;
  if (state.swaps.some((swap) => touches(swap, [model]))) return null;
  const swap: Swap = { ...FRESH, number: state.nextSwap, unit: null, loads: [], leaves: [model] };
  return {
    state: { ...state, swaps: [...state.swaps, swap], nextSwap: state.nextSwap + 1 },
    effects: [
      { kind: 'beginSwap', input: { number: swap.number, unit: null, loads: [], leaves: swap.leaves, force: false } },
    ],
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

function coolingDown({ now }: OrchestratorState, { failure, until }: CoolDown): Refusal {
  return { code: 'model_cooling_down', failure, retryAfterMs: Math.max(0, until - now) };
}

function stuckInTheWay({ stuck }: OrchestratorState, model: ModelId): Refusal {
  return { code: 'model_start_failed', failure: stuck.get(model) ?? null, retryAfterMs: null };
}

function refuseLine(state: OrchestratorState, unit: UnitId, refusal: Refusal): Decision {
  const { queue, tickets } = takeLine(state.queue, unit);
  return {
    state: { ...state, queue },
    effects: [{ kind: 'announce', announcement: { type: 'tickets.refused', tickets, refusal } }],
  };
}
