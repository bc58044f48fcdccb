import type { ModelId } from '../../shared/ids.ts';
import type { EvictionQuestion } from './question.ts';

export interface ExclusiveRules {
  readonly kind: 'exclusive';
}

/** One model, or one profile, at a time. */
export function exclusiveEvictions({ loads, resident }: EvictionQuestion): ModelId[] {
  return resident.filter((model) => !loads.includes(model));
}
