import type { ModelReport, ModelTimes } from '../model/types.ts';
import type { ProfileReport } from '../profile/types.ts';
import type { Failure } from '../shared/failure.ts';
import type { ModelId, ProfileId, UnitId } from '../shared/ids.ts';
import type { SwapFinished } from '../swap/types.ts';
import type { PolicyRules } from './policies/policy.ts';

/** What the orchestrator knows of the configuration. No commands, no environments, no keys. */
export interface Topology {
  /** Who must leave for whom. */
  readonly policy: PolicyRules;
  readonly models: ReadonlyMap<ModelId, ModelFacts>;
  readonly profiles: ReadonlyMap<ProfileId, ProfileFacts>;
  /** A ticket that has waited longer closes the gate on the models in its way. */
  readonly maxWaitMs: number;
  /** Waiting tickets per model. */
  readonly maxQueue: number;
  /** How long a shutdown waits for leases. */
  readonly drainTimeoutMs: number;
}

export interface ModelFacts {
  readonly times: ModelTimes;
  readonly checksHealth: boolean;
  /** Tickets and leases at a time; null = no limit. */
  readonly concurrencyLimit: number | null;
  /** Who waits for a model of higher priority is served first, unless somebody has waited for too long. 0 = usual. */
  readonly priority: number;
}

export interface ProfileFacts {
  readonly members: readonly ModelId[];
  readonly ttlMs: number;
}

/** A request, seen from here: somebody waits for a lease on `model`, which needs all of `unit` to be ready. */
export interface Ticket {
  readonly id: number;
  readonly unit: UnitId;
  readonly model: ModelId;
  /** Epoch milliseconds. */
  readonly at: number;
  /** Start the model even while it cools down after a failure. */
  readonly force: boolean;
  /**
   * Nobody's request: it goes last, closes no gate however long it waits, takes nobody's place in a limit, and wants the
   * model as it is configured now.
   */
  readonly patient: boolean;
}

export type OrchestratorEvent =
  | { type: 'request.submitted'; ticket: Ticket }
  /** The client left before it was granted. */
  | { type: 'request.abandoned'; ticket: number; unit: UnitId; at: number }
  | { type: 'lease.released'; model: ModelId; at: number }
  /** Somebody used a standing permission: one lease for all who use it from now on. */
  | { type: 'lease.taken'; model: ModelId; at: number }
  /** That one lease stood for several uses; so many more are counted now, each to be released by itself. */
  | { type: 'lease.split'; model: ModelId; more: number; at: number }
  /** The configuration has changed; processes of `stale` models were started by an older definition. */
  | { type: 'topology.replaced'; topology: Topology; stale: readonly ModelId[] }
  | { type: 'unload.requested'; models: readonly ModelId[]; at: number }
  /** The oldest ticket of a line has waited for `maxWaitMs`. */
  | { type: 'line.overdue'; unit: UnitId }
  | { type: 'shutdown.requested' }
  | { type: 'shutdown.forced' }
  | ModelReport
  | ProfileReport
  | SwapFinished;

export type RefusalCode =
  | 'queue_full'
  | 'concurrency_limit'
  | 'model_start_failed'
  | 'model_cooling_down'
  | 'model_unloaded'
  | 'shutting_down';

export interface Refusal {
  readonly code: RefusalCode;
  readonly failure: Failure | null;
  /** Milliseconds until a retry may help; null = unknown. */
  readonly retryAfterMs: number | null;
}

/** What the world outside may listen to. */
export type Announcement =
  | { type: 'tickets.granted'; tickets: readonly Ticket[] }
  | { type: 'tickets.refused'; tickets: readonly Ticket[]; refusal: Refusal }
  | { type: 'model.changed'; report: ModelReport }
  /** Until it is closed, leases on this model may be taken without a ticket, so many at a time; null = no limit. */
  | { type: 'gate.opened'; model: ModelId; limit: number | null }
  | { type: 'gate.closed'; model: ModelId }
  /** Every model that can be is stopped; nothing will happen any more. */
  | { type: 'halted' };
