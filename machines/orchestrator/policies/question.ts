import type { ModelId } from '../../shared/ids.ts';

export interface EvictionQuestion {
  /** The models that are to become ready together. */
  readonly loads: readonly ModelId[];
  /** Every model with a process, and every model a swap under way is about to load. Sorted. */
  readonly resident: readonly ModelId[];
}
