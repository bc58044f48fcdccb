import type { ModelId } from '../../shared/ids.ts';

export interface EvictionQuestion {
  /** The models that are to become ready together. */
  readonly loads: readonly ModelId[];
  /** Every model with a process, and every model a swap under way is about to load. */
  readonly resident: readonly ModelId[];
}

/**
 * Which residents must leave before the models can be loaded. Asked speculatively, many times per swap: pure, silent,
 * and quick.
 */
export type EvictionPolicy = (question: EvictionQuestion) => ModelId[];
