import type { ModelReport, StopReason } from '../model/types.ts';
import type { Failure } from '../shared/failure.ts';
import type { ModelId, ProfileId } from '../shared/ids.ts';
import type { Phase } from '../shared/phase.ts';

export interface ProfileInput {
  readonly id: ProfileId;
  readonly members: readonly ModelId[];
  /** Idle time of the whole profile; 0 = never. */
  readonly ttlMs: number;
  /** What the members are now; stopped, where nothing is said. */
  readonly phases: ReadonlyMap<ModelId, Phase>;
}

export type ProfileCommand =
  | { type: 'profile.ensureReady'; force?: boolean }
  | { type: 'profile.stop'; reason: StopReason }
  /** Another idle time; its members stay the same. */
  | { type: 'profile.configure'; ttlMs: number }
  /** The first lease on any member was granted, the last one came back. */
  | { type: 'profile.busy' }
  | { type: 'profile.idle' };

/** The owner passes the reports of the members on. */
export type ProfileEvent = ProfileCommand | ModelReport;

export interface ProfileReport {
  readonly type: 'profile.reported';
  readonly profile: ProfileId;
  readonly phase: Phase;
  readonly failure: Failure | null;
  /** How long (ms) the member that failed will refuse to start again. */
  readonly coolDownMs: number;
}
