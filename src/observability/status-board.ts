import type { Failure } from '../../machines/shared/failure.ts';
import { modelActorId } from '../../machines/shared/ids.ts';
import type { ModelId } from '../../machines/shared/ids.ts';
import { PHASES } from '../../machines/shared/phase.ts';
import type { Phase } from '../../machines/shared/phase.ts';

/** What an actor is doing. */
interface ActorStatus {
  /** `model:<id>`, `profile:<id>`, `swap:<n>` or `orchestrator`. */
  readonly id: string;
  /** The top-level state. */
  readonly state: string;
  /** Since when it is in that state; epoch milliseconds. */
  readonly since: number;
  /** The state below, e.g. `idle` of a ready model; null when there is none. */
  readonly detail: string | null;
}

interface ActorReport extends ActorStatus {
  /** Why a model is not there, if that was not asked for; null for every other actor. */
  readonly failure: Failure | null;
}

/**
 * The present state of every actor, for people and APIs to read. It follows the actors and decides nothing: whoever
 * wants something of an actor asks the actor.
 */
export interface StatusBoard {
  /** `stopped` for a model that no actor speaks for. */
  phaseOf(model: ModelId): Phase;
  /** The failure that the model reported last, until it reports that it is well. */
  failureOf(model: ModelId): Failure | null;
  /** Sorted by id. */
  actors(): readonly ActorReport[];
  /** Takes the failure out of a model's report. */
  observeFailure(model: ModelId, failure: Failure | null): void;

  /** For the journal. */
  get(actor: string): ActorStatus | undefined;
  set(actor: string, status: ActorStatus): void;
  setDetail(actor: string, detail: string | null): void;
  remove(actor: string): void;
}

export function createStatusBoard(): StatusBoard {
  const statuses = new Map<string, ActorStatus>();
  const failures = new Map<string, Failure>();

  return {
    phaseOf(model) {
      const state = statuses.get(modelActorId(model))?.state;
      return PHASES.find((phase) => phase === state) ?? 'stopped';
    },
    failureOf: (model) => failures.get(modelActorId(model)) ?? null,
    actors: () =>
      [...statuses.values()]
        .map((status) => ({ ...status, failure: failures.get(status.id) ?? null }))
        .sort((a, b) => (a.id < b.id ? -1 : 1)),
    observeFailure(model, failure) {
      if (failure === null) failures.delete(modelActorId(model));
      else failures.set(modelActorId(model), failure);
    },
    get: (actor) => statuses.get(actor),
    set: (actor, status) => void statuses.set(actor, status),
    setDetail(actor, detail) {
      const status = statuses.get(actor);
      if (status !== undefined && status.detail !== detail) statuses.set(actor, { ...status, detail });
    },
    remove: (actor) => void statuses.delete(actor),
  };
}
