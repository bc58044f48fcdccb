import { expandScalar, reportLeftovers, type LeftoverRules, type Macro } from './macros.ts';
import type { KeyPath, ProblemLog } from './problems.ts';
import { child, scalar, withChild, type Entry, type MappingNode } from './tree.ts';

const WHERE = ['filters', 'setParamsByID'] as const;

/** Expands the macros in the keys of a model's `filters.setParamsByID`: the only keys where macros work. */
export function expandFilterKeys(
  model: MappingNode,
  macros: readonly Macro[],
  path: KeyPath,
  problems: ProblemLog,
): MappingNode {
  const [first, second] = WHERE;
  const filters = child(model, first);
  const byId = child(filters, second);
  if (filters?.kind !== 'mapping' || byId?.kind !== 'mapping') return model;
  const entries = new Map<string, Entry>();
  for (const [key, entry] of byId.entries) {
    const expanded = expandScalar(scalar(key, entry.place), macros)?.text ?? key;
    if (entries.has(expanded)) {
      const message = `is "${expanded}" with its macros expanded, like another key here`;
      problems.error(entry.place, [...path, ...WHERE, key], message, 'keep one of the two');
    } else entries.set(expanded, entry);
  }
  return withChild(model, first, withChild(filters, second, { ...byId, entries }));
}

/** Every `${name}` that is still in one of those keys is an error. */
export function reportLeftoverKeys(
  model: MappingNode,
  path: KeyPath,
  rules: LeftoverRules,
  problems: ProblemLog,
): void {
  const byId = child(child(model, WHERE[0]), WHERE[1]);
  if (byId?.kind !== 'mapping') return;
  for (const [key, { place }] of byId.entries) {
    reportLeftovers(scalar(key, place), [...path, ...WHERE, key], rules, problems);
  }
}
