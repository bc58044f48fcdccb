import type { ModelReport } from '../model/types.ts';
import type { ProfileReport } from '../profile/types.ts';
import type { Failure } from '../shared/failure.ts';
import type { ModelId, UnitId } from '../shared/ids.ts';

export interface SwapInput {
  /** Never used twice, so that a late result cannot be taken for another swap's. */
  readonly number: number;
  /** What is to become ready; null when the leavers only have to go. */
  readonly unit: UnitId | null;
  /** Its models. */
  readonly loads: readonly ModelId[];
  /** The models that must be gone first. */
  readonly leaves: readonly ModelId[];
  /** Start even what is cooling down after a failure. */
  readonly force: boolean;
}

export type SwapEvent =
  /** No lease is left on any leaver, and none can come. */
  | { type: 'swap.drained' }
  /** Nobody waits for it any more: it ends, unless it has begun to stop its leavers. */
  | { type: 'swap.forsake' }
  /** It ends, wherever it is. */
  | { type: 'swap.cancel' }
  | ModelReport
  | ProfileReport;

export interface PreflightInput {
  readonly loads: readonly ModelId[];
  readonly leaves: readonly ModelId[];
}

/** What can be known to fail without stopping anything, or null. */
export type PreflightResult = Failure | null;

export interface SwapFinished {
  readonly type: 'swap.finished';
  readonly swap: number;
  readonly outcome: 'done' | 'failed' | 'cancelled';
  readonly failure: Failure | null;
  /** How long (ms) what failed will refuse to start again. */
  readonly coolDownMs: number;
}
