import type { Phase } from '../../machines/shared/phase.ts';

/** The words that clients of llama-swap know for the life of a model. The true phase is shown beside it. */
export type ShownState = Exclude<Phase, 'health-checking'>;

/** Who only knows those words takes a model that is not ready yet for one that starts. */
export function shownState(phase: Phase): ShownState {
  return phase === 'health-checking' ? 'starting' : phase;
}
