import { modelActorId, profileActorId, type ModelId, type ProfileId } from '../shared/ids.ts';
import { type Effect, startOver } from './effects.ts';
import { oldestRequest, type Queue, takeSome } from './queue.ts';
import { isKnown, isProfile, modelsOf, type Decision, type OrchestratorState, type Swap } from './state.ts';
import type { Ticket, Topology } from './types.ts';

/**
 * Takes over a new configuration. What has not changed is not touched: it keeps its actor, its process and its leases.
 *
 * INVARIANTS
 * - A model that is gone from the configuration, or whose process was started by an older definition, finishes the
 *   requests it has and is then stopped.
 * - What a definition has failed at says nothing about the next one.
 * - Whoever waits for something that is gone is told so at once.
 * - No permission outlives the limits that it was given under: all are taken back, and given anew where they still may be.
 * - A swap loads what its unit is now, or is called off; those who wait for it keep their places.
 * - A load by an older definition goes on for the requests that wait for it, not for patient tickets nor for nobody.
 *
 * @param changed models whose processes, if they have one, were started by an older definition
 */
export function replaceTopology(state: OrchestratorState, topology: Topology, changed: readonly ModelId[]): Decision {
  const effects: Effect[] = [];
  const isFormer = (model: ModelId) => changed.includes(model) || !topology.models.has(model);
  const stale = new Set([...state.stale, ...[...state.phases.keys()].filter(isFormer)]);
  const queue = refuseOrphans(state.queue, topology, effects);
  const swaps = reviewSwaps({ ...state, topology, stale, queue }, effects);
  // Profiles before models: they speak to their members, of which some are dismissed.
  const profilePhases = replaceProfiles(state, topology, effects);
  replaceModels(state, topology, changed, effects);
  for (const model of state.open) effects.push({ kind: 'announce', announcement: { type: 'gate.closed', model } });
  return { state: { ...state, topology, stale, queue, swaps, profilePhases, open: new Set() }, effects };
}

function refuseOrphans(queue: Queue, topology: Topology, effects: Effect[]): Queue {
  let next = queue;
  const orphans: Ticket[] = [];
  for (const unit of queue.lines.keys()) {
    const taken = takeSome(next, unit, (ticket) => !isKnown(topology, ticket));
    next = taken.queue;
    orphans.push(...taken.tickets);
  }
  if (orphans.length > 0) {
    const refusal = { code: 'model_unloaded' as const, failure: null, retryAfterMs: null };
    effects.push({ kind: 'announce', announcement: { type: 'tickets.refused', tickets: orphans, refusal } });
  }
  return next;
}

/** Calls off the swaps that have lost their purpose. */
function reviewSwaps({ topology, stale, queue, swaps }: OrchestratorState, effects: Effect[]): Swap[] {
  const reviewed = swaps.map((swap) =>
    swap.loads.some((model) => stale.has(model)) ? { ...swap, outdated: true } : swap,
  );
  for (const { number, unit, loads, outdated } of reviewed) {
    if (unit === null) continue;
    const isInVain = outdated && !isProfile(unit) && oldestRequest(queue, unit) === undefined;
    if (isInVain || !isSame(modelsOf(topology, unit), loads)) {
      effects.push({ kind: 'tellSwap', swap: number, message: { type: 'swap.cancel' } });
    }
  }
  return reviewed;
}

/** A profile is its list of members: with others it is another one. */
function replaceProfiles(state: OrchestratorState, topology: Topology, effects: Effect[]) {
  const profilePhases = new Map(state.profilePhases);
  const kept = new Set<ProfileId>();
  for (const [id, before] of state.topology.profiles) {
    const after = topology.profiles.get(id);
    if (after && isSame(before.members, after.members)) {
      kept.add(id);
      const { ttlMs } = after;
      if (ttlMs !== before.ttlMs) {
        effects.push({ kind: 'tellProfile', profile: id, message: { type: 'profile.configure', ttlMs } });
      }
      continue;
    }
    effects.push({ kind: 'dismiss', address: profileActorId(id) });
    profilePhases.delete(id);
    for (const model of before.members) {
      effects.push({ kind: 'tellModel', model, command: { type: 'model.hold', profile: id, held: false } });
    }
  }
  for (const id of topology.profiles.keys()) if (!kept.has(id)) effects.push({ kind: 'spawnProfile', profile: id });
  return profilePhases;
}

function replaceModels(
  state: OrchestratorState,
  topology: Topology,
  changed: readonly ModelId[],
  effects: Effect[],
): void {
  for (const model of state.topology.models.keys()) {
    if (topology.models.has(model) || state.phases.has(model)) continue;
    effects.push({ kind: 'dismiss', address: modelActorId(model) });
  }
  for (const [model, { times, checksHealth }] of topology.models) {
    const isThere = state.topology.models.has(model) || state.phases.has(model);
    if (!isThere) effects.push({ kind: 'spawnModel', model });
    else if (changed.includes(model) && !state.phases.has(model)) effects.push(...startOver(model));
    else effects.push({ kind: 'tellModel', model, command: { type: 'model.configure', times, checksHealth } });
  }
}

function isSame(a: readonly ModelId[], b: readonly ModelId[]): boolean {
  return a.length === b.length && a.every((model, index) => model === b[index]);
}
