import type { ModelId } from '../../shared/ids.ts';
import { firstHeaviest, type Node } from './combinations.ts';

export interface MatrixRules {
  readonly kind: 'matrix';
  /** Every expression, after those it is made of. */
  readonly nodes: readonly Node[];
  /** In the order in which they are examined: a set that another one refers to comes before it. */
  readonly sets: readonly MatrixSet[];
  /** What evicting a model costs: whole numbers from 1; a model that is not in the map costs 1. */
  readonly costs: ReadonlyMap<ModelId, number>;
}

export interface MatrixSet {
  readonly name: string;
  /** Its expression, by place in `nodes`. */
  readonly root: number;
}

/**
 * Who must leave before `target` can start: everybody outside the combination that allows the target and is cheapest to
 * get to. A target no set allows runs alone.
 */
export function matrixEvictions(rules: MatrixRules, target: ModelId, resident: readonly ModelId[]): ModelId[] {
  const weights = new Map(resident.map((model) => [model, BigInt(rules.costs.get(model) ?? 1)]));
  let sum = 0n;
  for (const cost of weights.values()) sum += cost;
  // Heavier than all others together: a combination without the target never wins.
  const needed = sum + 1n;
  weights.set(target, needed);
  const stays = firstHeaviest(rules.nodes, roots(rules), weights, needed);
  return stays === null ? [...resident] : resident.filter((model) => !stays.has(model));
}

/** Whether one combination of one set holds all these models. */
export function isWithinOneCombination(rules: MatrixRules, models: readonly ModelId[]): boolean {
  const weights = new Map(models.map((model) => [model, 1n]));
  return firstHeaviest(rules.nodes, roots(rules), weights, BigInt(weights.size)) !== null;
}

function roots({ sets }: MatrixRules): number[] {
  return sets.map(({ root }) => root);
}
