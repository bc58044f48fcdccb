import type { Failure } from '../shared/failure.ts';
import type { ModelId, ProfileId } from '../shared/ids.ts';
import type { Phase } from '../shared/phase.ts';

/** Times that shape the life of one model. All in milliseconds; each is at most 2^31 - 1. */
export interface ModelTimes {
  /** Idle time after which a ready model stops by itself; 0 = never. */
  readonly ttlMs: number;
  /** From the polite stop signal to SIGKILL. */
  readonly stopTimeoutMs: number;
  /** From the spawn to the first 200 of the health endpoint. */
  readonly healthTimeoutMs: number;
}

export interface ModelInput {
  readonly id: ModelId;
  readonly times: ModelTimes;
  /** False where a running process is taken for ready. */
  readonly checksHealth: boolean;
}

export type StopReason = 'ttl' | 'unload' | 'swap' | 'shutdown' | 'health-timeout';

/** What the owner (orchestrator, swap or profile) may ask of a model. */
export type ModelCommand =
  /** Become ready, or say that you are. Remembered while stopping. `force` skips the cool-down after a failure. */
  | { type: 'model.ensureReady'; force?: boolean }
  | { type: 'model.stop'; reason: StopReason }
  /** Stop without grace. */
  | { type: 'model.kill' }
  /** Held by a profile, or no longer: the idle time of the profiles that hold it counts, not the model's own. */
  | { type: 'model.hold'; profile: ProfileId; held: boolean }
  /** Its definition has changed; what runs keeps running. */
  | { type: 'model.configure'; times: ModelTimes; checksHealth: boolean }
  /** The first lease was granted, the last one came back. */
  | { type: 'model.busy' }
  | { type: 'model.idle' };

/** What the model tells its runner. */
export type RunnerCommand = { type: 'process.start' } | { type: 'process.terminate' } | { type: 'process.kill' };

/** What the runner reports. Exactly one `process.exited` or `process.failed` follows each `process.start`. */
export type ProcessEvent =
  | { type: 'process.spawned'; pid: number; at: number }
  | {
      type: 'process.exited';
      exitCode: number | null;
      signal: string | null;
      /** The last lines of output, redacted. */
      logTail: readonly string[];
      at: number;
    }
  /** It could not be spawned at all. */
  | { type: 'process.failed'; failure: Failure };

export interface RunnerInput {
  readonly model: ModelId;
}

/** The health probe resolves when the endpoint has answered 200; it is aborted when health-checking is left. */
export interface ProbeInput {
  readonly model: ModelId;
}

/** What the model tells its owner: after every change of phase, and in answer to a command that changes nothing. */
export interface ModelReport {
  readonly type: 'model.reported';
  readonly model: ModelId;
  readonly phase: Phase;
  /** Why it is stopped, if that was not asked for. */
  readonly failure: Failure | null;
  /** How long (ms) it will refuse to start again after this failure; 0 = not at all. */
  readonly coolDownMs: number;
}
