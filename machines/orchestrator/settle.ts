import {
  isGateClosed,
  isUnitReady,
  modelsOf,
  priorityOf,
  wake,
  type Decision,
  type OrchestratorState,
} from './state.ts';
import type { ModelId, UnitId } from '../shared/ids.ts';
import type { Effect } from './effects.ts';
import { isLent, lend } from './leases.ts';
import { nextSwap, retirement } from './plan.ts';
import { oldestRequest, takeLine, takeRequests, unitsInTurn } from './queue.ts';

/**
 * What follows from a state, whatever event led to it: leases are granted, swaps are told that their leavers are free,
 * new swaps begin, timers are set. The only place that lends.
 */
export function settle(state: OrchestratorState): Decision {
  const effects: Effect[] = [];
  let next = state;
  for (const step of [grant, drain, plan, watch, openGates]) next = step(next, effects);
  return { state: next, effects };
}

/** Lends to every ticket whose unit is ready and whose gate is open. Patient ones want no process of an older definition. */
function grant(state: OrchestratorState, effects: Effect[]): OrchestratorState {
  let next = state;
  for (const unit of inTurn(state)) {
    const models = modelsOf(next.topology, unit);
    if (!isUnitReady(next, unit) || isGateClosed(next, models)) continue;
    const isStale = next.stale.size > 0 && models.some((model) => next.stale.has(model));
    const { queue, tickets } = isStale ? takeRequests(next.queue, unit) : takeLine(next.queue, unit);
    if (tickets.length === 0) continue;
    let { leases } = next;
    for (const { model } of tickets) {
      if (!leases.has(model)) effects.push(...wake(next, leases, model));
      leases = lend(leases, model);
    }
    effects.push({ kind: 'announce', announcement: { type: 'tickets.granted', tickets } });
    next = { ...next, queue, leases };
  }
  return next;
}

/** Tells each swap once that no lease is left on its leavers. The gate is closed, so none can come back. */
function drain(state: OrchestratorState, effects: Effect[]): OrchestratorState {
  const free = state.swaps.filter((swap) => !swap.drained && !isLent(state.leases, swap.leaves));
  if (free.length === 0) return state;
  for (const { number } of free) effects.push({ kind: 'tellSwap', swap: number, message: { type: 'swap.drained' } });
  return { ...state, swaps: state.swaps.map((swap) => (free.includes(swap) ? { ...swap, drained: true } : swap)) };
}

/**
 * Begins every swap that is due, in turn. Nobody behind a line that has waited for too long delays it further, and a line
 * of patient tickets delays nobody.
 */
function plan(state: OrchestratorState, effects: Effect[]): OrchestratorState {
  if (!state.accepting) return state;
  let next = retireStale(state, effects);
  const ahead: UnitId[] = [];
  const waiting: UnitId[] = [];
  for (const unit of inTurn(state)) {
    const isPatient = oldestRequest(next.queue, unit) === undefined;
    const decision = nextSwap(next, unit, isPatient ? waiting : ahead);
    if (!decision) {
      if (state.overdue.has(unit)) ahead.push(unit);
      if (!isPatient) waiting.push(unit);
      continue;
    }
    effects.push(...decision.effects);
    next = decision.state;
  }
  return drain(next, effects);
}

function inTurn({ queue, overdue, topology }: OrchestratorState): UnitId[] {
  return unitsInTurn(queue, overdue, (tickets) => priorityOf(topology, tickets));
}

/** Models whose process was started by an older definition leave as soon as nobody uses them. */
function retireStale(state: OrchestratorState, effects: Effect[]): OrchestratorState {
  let next = state;
  for (const model of state.stale) {
    const decision = retirement(next, model);
    if (!decision) continue;
    effects.push(...decision.effects);
    next = decision.state;
  }
  return next;
}

/** Keeps one timer per line, set for its oldest request. */
function watch(state: OrchestratorState, effects: Effect[]): OrchestratorState {
  const { lines } = state.queue;
  if (lines.size === 0 && state.armed.size === 0) return state;
  const armed = new Map(state.armed);
  const overdue = new Set(state.overdue);
  for (const [unit, ticket] of state.armed) {
    if (oldestRequest(state.queue, unit)?.id === ticket) continue;
    effects.push({ kind: 'disarmOverdue', unit });
    armed.delete(unit);
    overdue.delete(unit);
  }
  for (const unit of lines.keys()) {
    const head = oldestRequest(state.queue, unit);
    if (!head || armed.has(unit)) continue;
    const delayMs = Math.max(0, state.topology.maxWaitMs - (state.now - head.at));
    effects.push({ kind: 'armOverdue', unit, delayMs });
    armed.set(unit, head.id);
  }
  return { ...state, armed, overdue };
}

/**
 * Gives standing permission to use a model, so that the requests of a model nobody else waits for cost no event each.
 * Given only while no request waits for anything and no swap or newer definition concerns the model; taken back at the
 * first sign of either. What was taken while it stood is a lease like any other: one for all uses, or, where a limit is
 * to be kept, one for each.
 */
function openGates(state: OrchestratorState, effects: Effect[]): OrchestratorState {
  if (state.open.size === 0 && (state.queue.waiting.size > 0 || state.phases.size === 0)) return state;
  const open = new Set([...state.phases.keys()].filter((model) => mayOpen(state, model)));
  if (open.size === state.open.size && [...open].every((model) => state.open.has(model))) return state;
  for (const model of state.open) {
    if (!open.has(model)) effects.push({ kind: 'announce', announcement: { type: 'gate.closed', model } });
  }
  for (const model of open) {
    if (state.open.has(model)) continue;
    const limit = state.topology.models.get(model)?.concurrencyLimit ?? null;
    effects.push({ kind: 'announce', announcement: { type: 'gate.opened', model, limit } });
  }
  return { ...state, open };
}

function mayOpen(state: OrchestratorState, model: ModelId): boolean {
  return (
    state.accepting &&
    state.queue.waiting.size === 0 &&
    state.phases.get(model) === 'ready' &&
    !state.stale.has(model) &&
    state.topology.models.has(model) &&
    !isGateClosed(state, [model])
  );
}
