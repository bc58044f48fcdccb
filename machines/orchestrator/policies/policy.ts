import type { ModelId } from '../../shared/ids.ts';
import { exclusiveEvictions, type ExclusiveRules } from './exclusive.ts';
import { groupEvictions, type GroupRules, isOneGroupWithoutSwap } from './group.ts';
import { isWithinOneCombination, matrixEvictions, type MatrixRules } from './matrix.ts';
import type { EvictionQuestion } from './question.ts';

/** Who may run beside whom. Plain data: a state holds no functions. */
export type PolicyRules = ExclusiveRules | GroupRules | MatrixRules;

export const EXCLUSIVE: ExclusiveRules = { kind: 'exclusive' };

/**
 * Which residents must leave before the models can be loaded, in the order of `resident`. Asked speculatively, many
 * times per swap: pure, silent, and quick.
 *
 * Models that load together, as a profile, share the machine with nobody, whatever the rules. Under groups or a matrix
 * a model that is resident already evicts nobody: it needs no room that it does not have.
 */
export function evictions(rules: PolicyRules, question: EvictionQuestion): ModelId[] {
  const [target, ...others] = question.loads;
  if (rules.kind === 'exclusive' || target === undefined || others.length > 0) return exclusiveEvictions(question);
  if (question.resident.includes(target)) return [];
  return rules.kind === 'group'
    ? groupEvictions(rules, target, question.resident)
    : matrixEvictions(rules, target, question.resident);
}

/** Whether the rules say that all these models may be ready at the same time. One model always may. */
export function canContainAll(rules: PolicyRules, models: readonly ModelId[]): boolean {
  if (new Set(models).size <= 1) return true;
  if (rules.kind === 'exclusive') return false;
  return rules.kind === 'group' ? isOneGroupWithoutSwap(rules, models) : isWithinOneCombination(rules, models);
}
