import { isStuck } from '../model/failures.ts';
import type { ModelReport } from '../model/types.ts';
import type { ProfileReport } from '../profile/types.ts';
import { modelActorId, profileActorId, type ModelId, type UnitId } from '../shared/ids.ts';
import type { SwapFinished } from '../swap/types.ts';
import { type Effect, startOver } from './effects.ts';
import { giveBack, isLent, lend, split } from './leases.ts';
import { enqueue, oldestRequest, takeLine, takeRequests, withdraw } from './queue.ts';
import { replaceTopology } from './reconfigure.ts';
import {
  isKnown,
  isThere,
  modelsOf,
  profilesWith,
  wake,
  type Decision,
  type OrchestratorState,
  type Swap,
} from './state.ts';
import type { OrchestratorEvent, Refusal, RefusalCode, Ticket } from './types.ts';

/** What one event changes by itself. Whom that serves is decided afterwards, in `settle`. */
export function apply(state: OrchestratorState, event: OrchestratorEvent): Decision {
  switch (event.type) {
    case 'request.submitted':
      return admit({ ...state, now: event.ticket.at }, event.ticket);
    case 'request.abandoned':
      return abandon({ ...state, now: event.at }, event.unit, event.ticket);
    case 'lease.taken':
      return take({ ...state, now: event.at }, event.model);
    case 'lease.split':
      return only({ ...state, now: event.at, leases: split(state.leases, event.model, event.more) });
    case 'topology.replaced':
      return replaceTopology(state, event.topology, event.stale);
    case 'lease.released':
      return release({ ...state, now: event.at }, event.model);
    case 'unload.requested':
      return unload({ ...state, now: event.at }, event.models);
    case 'line.overdue':
      return only({ ...state, overdue: new Set(state.overdue).add(event.unit) });
    case 'model.reported':
      return noteModel(state, event);
    case 'profile.reported':
      return noteProfile(state, event);
    case 'swap.finished':
      return finishSwap(state, event);
    case 'shutdown.requested':
      return close(state);
    case 'shutdown.forced':
      return killAll(state);
  }
}

function only(state: OrchestratorState, effects: Effect[] = []): Decision {
  return { state, effects };
}

function refused(tickets: readonly Ticket[], code: RefusalCode, reason: Partial<Refusal> = {}): Effect {
  const refusal: Refusal = { failure: null, retryAfterMs: null, ...reason, code };
  return { kind: 'announce', announcement: { type: 'tickets.refused', tickets, refusal } };
}

function admit(state: OrchestratorState, ticket: Ticket): Decision {
  const waiting = state.queue.waiting.get(ticket.model) ?? 0;
  const limit = state.topology.models.get(ticket.model)?.concurrencyLimit ?? null;
  if (!state.accepting) return only(state, [refused([ticket], 'shutting_down')]);
  // It began under a configuration that knew what it is for.
  if (!isKnown(state.topology, ticket)) return only(state, [refused([ticket], 'model_unloaded')]);
  if (ticket.patient) return only({ ...state, queue: enqueue(state.queue, ticket) });
  if (limit !== null && waiting + (state.leases.get(ticket.model) ?? 0) >= limit) {
    return only(state, [refused([ticket], 'concurrency_limit')]);
  }
  if (waiting >= state.topology.maxQueue) return only(state, [refused([ticket], 'queue_full')]);
  return only({ ...state, queue: enqueue(state.queue, ticket) });
}

/** A swap no request waits for any more is told so; whether it is too late to call it off, it knows itself. */
function abandon(state: OrchestratorState, unit: UnitId, ticket: number): Decision {
  const queue = withdraw(state.queue, unit, ticket);
  if (oldestRequest(queue, unit)) return only({ ...state, queue });
  const effects = state.swaps
    .filter((swap) => swap.unit === unit)
    .map(({ number }): Effect => ({ kind: 'tellSwap', swap: number, message: { type: 'swap.forsake' } }));
  return only({ ...state, queue }, effects);
}

function cancel({ number }: Swap): Effect {
  return { kind: 'tellSwap', swap: number, message: { type: 'swap.cancel' } };
}

/** A standing permission is used; it is one only as long as the gate is open. */
function take(state: OrchestratorState, model: ModelId): Decision {
  if (!state.open.has(model)) return only(state);
  return only({ ...state, leases: lend(state.leases, model) }, wake(state, state.leases, model));
}

function release(state: OrchestratorState, model: ModelId): Decision {
  const leases = giveBack(state.leases, model);
  if (leases.has(model) || leases === state.leases) return only({ ...state, leases });
  const effects: Effect[] = [{ kind: 'tellModel', model, command: { type: 'model.idle' } }];
  for (const profile of profilesWith(state.topology, model)) {
    const members = modelsOf(state.topology, profileActorId(profile));
    if (!isLent(leases, members)) effects.push({ kind: 'tellProfile', profile, message: { type: 'profile.idle' } });
  }
  if (!state.accepting) effects.push({ kind: 'tellModel', model, command: { type: 'model.stop', reason: 'shutdown' } });
  return only({ ...state, leases }, effects);
}

/** Stops models at once, leases or not, together with the profiles they are resident in. Nobody else notices. */
function unload(state: OrchestratorState, models: readonly ModelId[]): Decision {
  const profiles = [...state.topology.profiles]
    .filter(([id, { members }]) => isThere(state, id) && isAmong(members, models))
    .map(([id]) => id);
  const targets = new Set([...models, ...profiles.flatMap((id) => modelsOf(state.topology, profileActorId(id)))]);
  const effects: Effect[] = state.swaps.filter((swap) => isAmong(swap.loads, targets)).map(cancel);

  let { queue } = state;
  for (const unit of state.queue.lines.keys()) {
    if (!isAmong(modelsOf(state.topology, unit), targets)) continue;
    const taken = takeLine(queue, unit);
    queue = taken.queue;
    effects.push(refused(taken.tickets, 'model_unloaded'));
  }
  for (const profile of profiles) {
    effects.push({ kind: 'tellProfile', profile, message: { type: 'profile.stop', reason: 'unload' } });
  }
  for (const model of targets) {
    effects.push({ kind: 'tellModel', model, command: { type: 'model.stop', reason: 'unload' } });
  }
  return only({ ...state, queue }, effects);
}

function isAmong(models: readonly ModelId[], targets: ReadonlySet<ModelId> | readonly ModelId[]): boolean {
  const set = targets instanceof Set ? targets : new Set(targets);
  return models.some((model) => set.has(model));
}

function noteModel(state: OrchestratorState, report: ModelReport): Decision {
  const { model, phase, failure, coolDownMs } = report;
  const phases = new Map(state.phases);
  if (phase === 'stopped') phases.delete(model);
  else phases.set(model, phase);
  const stuck = new Map(state.stuck);
  if (failure !== null && isStuck(report)) stuck.set(model, failure);
  else stuck.delete(model);
  const coolDowns = new Map(state.coolDowns);
  const isOutdated = state.stale.has(model);
  if (phase === 'stopped' && coolDownMs > 0 && !isOutdated) {
    coolDowns.set(model, { failure, until: Math.max(failure?.at ?? 0, state.now) + coolDownMs });
  } else coolDowns.delete(model);

  const effects: Effect[] = [{ kind: 'announce', announcement: { type: 'model.changed', report } }];
  // Back from a crash while requests to its former process are still ending: it is not idle.
  if (phase === 'ready' && state.leases.has(model)) {
    effects.push({ kind: 'tellModel', model, command: { type: 'model.busy' } });
  }
  for (const profile of profilesWith(state.topology, model)) {
    effects.push({ kind: 'tellProfile', profile, message: report });
  }
  for (const swap of state.swaps) {
    if (swap.loads.includes(model) || swap.leaves.includes(model)) {
      effects.push({ kind: 'tellSwap', swap: swap.number, message: report });
    }
  }
  const isGone = phase === 'stopped' || phase === 'starting';
  const stale = isGone && isOutdated ? without(state.stale, model) : state.stale;
  if (phase === 'stopped' && !state.topology.models.has(model)) {
    effects.push({ kind: 'dismiss', address: modelActorId(model) });
  } else if (phase === 'stopped' && coolDownMs > 0 && isOutdated) effects.push(...startOver(model));
  return only({ ...state, phases, stuck, coolDowns, stale }, effects);
}

function noteProfile(state: OrchestratorState, report: ProfileReport): Decision {
  const { profile, phase } = report;
  const unit = profileActorId(profile);
  const effects: Effect[] = state.swaps
    .filter((swap) => swap.unit === unit)
    .map((swap) => ({ kind: 'tellSwap', swap: swap.number, message: report }));
  if (phase === 'ready' && isLent(state.leases, modelsOf(state.topology, unit))) {
    effects.push({ kind: 'tellProfile', profile, message: { type: 'profile.busy' } });
  }
  return only({ ...state, profilePhases: new Map(state.profilePhases).set(profile, phase) }, effects);
}

function finishSwap(state: OrchestratorState, { swap: number, outcome, failure, coolDownMs }: SwapFinished): Decision {
  const swap = state.swaps.find((each) => each.number === number);
  if (!swap) return only(state);
  const swaps = state.swaps.filter((each) => each !== swap);
  const effects: Effect[] = [{ kind: 'endSwap', swap: number }];
  if (outcome !== 'done') effects.push(...takeBack(state, swap));
  if (outcome !== 'failed') return only({ ...state, swaps }, effects);
  if (swap.unit === null) return only({ ...state, swaps }, effects);
  const { queue, tickets } = swap.outdated ? takeRequests(state.queue, swap.unit) : takeLine(state.queue, swap.unit);
  if (tickets.length > 0) {
    effects.push(refused(tickets, 'model_start_failed', { failure, retryAfterMs: coolDownMs > 0 ? coolDownMs : null }));
  }
  return only({ ...state, swaps, queue }, effects);
}

/** What a swap that came to nothing asked of models that are still stopping: nobody would load them any more. */
function takeBack({ phases }: OrchestratorState, { loads }: Swap): Effect[] {
  return loads
    .filter((model) => phases.get(model) === 'stopping')
    .map((model) => ({ kind: 'tellModel', model, command: { type: 'model.stop', reason: 'swap' } }));
}

/** No new work: whoever waits is told so, whatever nobody uses stops now, the rest when its last lease is back. */
function close(state: OrchestratorState): Decision {
  const tickets = [...state.queue.lines.values()].flat();
  let { queue } = state;
  for (const unit of state.queue.lines.keys()) ({ queue } = takeLine(queue, unit));
  const effects: Effect[] = state.swaps.map(cancel);
  if (tickets.length > 0) effects.push(refused(tickets, 'shutting_down'));
  for (const model of state.phases.keys()) {
    if (state.leases.has(model)) continue;
    effects.push({ kind: 'tellModel', model, command: { type: 'model.stop', reason: 'shutdown' } });
  }
  return only({ ...state, accepting: false, queue }, effects);
}

function killAll(state: OrchestratorState): Decision {
  const closed = close(state);
  const effects = [...state.phases.keys()].map((model): Effect => ({
    kind: 'tellModel',
    model,
    command: { type: 'model.kill' },
  }));
  return { state: closed.state, effects: [...closed.effects, ...effects] };
}

function without<T>(set: ReadonlySet<T>, item: T): ReadonlySet<T> {
  const rest = new Set(set);
  rest.delete(item);
  return rest;
}
