import type { Failure } from '../shared/failure.ts';
import type { ModelId, ProfileActorId, ProfileId, UnitId } from '../shared/ids.ts';
import type { Phase } from '../shared/phase.ts';
import type { Effect } from './effects.ts';
import { isLent, type Leases } from './leases.ts';
import { emptyQueue, type Queue } from './queue.ts';
import type { Ticket, Topology } from './types.ts';

/** A swap under way, as far as deciding needs it. */
export interface Swap {
  readonly number: number;
  /** null: the leavers only have to go. */
  readonly unit: UnitId | null;
  readonly loads: readonly ModelId[];
  readonly leaves: readonly ModelId[];
  /** It was told that no lease is left on its leavers: from here on it stops them. */
  readonly drained: boolean;
  /** What it loads was started by an older definition: that it fails says nothing about the present one. */
  readonly outdated: boolean;
}

export interface CoolDown {
  readonly failure: Failure | null;
  /** Epoch milliseconds. */
  readonly until: number;
}

/** Everything that decides who is served next. A value: decisions return a new one. */
export interface OrchestratorState {
  readonly topology: Topology;
  readonly accepting: boolean;
  /** The latest time an event carried; deciding reads no clock. */
  readonly now: number;
  readonly queue: Queue;
  /** Per line, the ticket its timer was set for. */
  readonly armed: ReadonlyMap<UnitId, number>;
  readonly overdue: ReadonlySet<UnitId>;
  readonly leases: Leases;
  /** As last reported; a stopped model is not in the map. */
  readonly phases: ReadonlyMap<ModelId, Phase>;
  readonly profilePhases: ReadonlyMap<ProfileId, Phase>;
  /** Models whose process outlives SIGKILL, and their word for it. Nothing is known of when it ends. */
  readonly stuck: ReadonlyMap<ModelId, Failure>;
  readonly coolDowns: ReadonlyMap<ModelId, CoolDown>;
  /** Resident models whose process was started by an older definition. */
  readonly stale: ReadonlySet<ModelId>;
  /** Models that may be used without a ticket. */
  readonly open: ReadonlySet<ModelId>;
  readonly swaps: readonly Swap[];
  readonly nextSwap: number;
}

/** A decision: the state after it, and what to do in the world, in order. */
export interface Decision {
  readonly state: OrchestratorState;
  readonly effects: readonly Effect[];
}

export function initialState(topology: Topology): OrchestratorState {
  return {
    topology,
    accepting: true,
    now: 0,
    queue: emptyQueue,
    armed: new Map(),
    overdue: new Set(),
    leases: new Map(),
    phases: new Map(),
    profilePhases: new Map(),
    stuck: new Map(),
    coolDowns: new Map(),
    stale: new Set(),
    open: new Set(),
    swaps: [],
    nextSwap: 1,
  };
}

const PROFILE = 'profile:';
const MODEL = 'model:';

export function isProfile(unit: UnitId): unit is ProfileActorId {
  return unit.startsWith(PROFILE);
}

/** The models a unit consists of; none when the configuration does not know it. */
export function modelsOf(topology: Topology, unit: UnitId): readonly ModelId[] {
  if (isProfile(unit)) return topology.profiles.get(unit.slice(PROFILE.length))?.members ?? [];
  const id = unit.slice(MODEL.length);
  return topology.models.has(id) ? [id] : [];
}

/** Whether the configuration knows what a ticket waits for: its unit, and its model as a part of that. */
export function isKnown(topology: Topology, { unit, model }: Pick<Ticket, 'unit' | 'model'>): boolean {
  return modelsOf(topology, unit).includes(model);
}

/** Whether everything the unit needs is ready, as last reported. */
export function isUnitReady(state: OrchestratorState, unit: UnitId): boolean {
  return isProfile(unit)
    ? state.profilePhases.get(unit.slice(PROFILE.length)) === 'ready'
    : state.phases.get(unit.slice(MODEL.length)) === 'ready';
}

/** No new leases on these models: a swap wants one of them gone. */
export function isGateClosed(state: OrchestratorState, models: readonly ModelId[]): boolean {
  return state.swaps.some((swap) => swap.leaves.some((leaver) => models.includes(leaver)));
}

/** The highest priority among the models that these tickets wait for; that of patient ones is the lowest there is. */
export function priorityOf({ models }: Topology, tickets: readonly Ticket[]): number {
  return Math.max(...tickets.map(({ model, patient }) => (patient ? -Infinity : (models.get(model)?.priority ?? 0))));
}

/** Whether a profile is there or on its way. One that is stopping has told its members already, or lets them go. */
export function isThere({ profilePhases }: OrchestratorState, profile: ProfileId): boolean {
  const phase = profilePhases.get(profile) ?? 'stopped';
  return phase !== 'stopped' && phase !== 'stopping';
}

export function profilesWith(topology: Topology, model: ModelId): ProfileId[] {
  return [...topology.profiles].filter(([, { members }]) => members.includes(model)).map(([id]) => id);
}

/** What to say when the first lease on a model is granted: it is no longer idle, nor is any profile it belongs to. */
export function wake({ topology }: OrchestratorState, leases: Leases, model: ModelId): Effect[] {
  const effects: Effect[] = [{ kind: 'tellModel', model, command: { type: 'model.busy' } }];
  for (const profile of profilesWith(topology, model)) {
    const members = topology.profiles.get(profile)?.members ?? [];
    if (!isLent(leases, members)) effects.push({ kind: 'tellProfile', profile, message: { type: 'profile.busy' } });
  }
  return effects;
}
