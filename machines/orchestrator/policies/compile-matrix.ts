import type { ModelId } from '../../shared/ids.ts';
import type { Node } from './combinations.ts';
import type { Compiled, PolicyProblem } from './compiled.ts';
import { DslError, type Expression, parseExpression } from './matrix-dsl.ts';
import type { MatrixRules, MatrixSet } from './matrix.ts';
import { compareNaturally } from './natural-order.ts';

/** A matrix as the configuration spells it. */
export interface MatrixSettings {
  /** Short name → id of a model. */
  readonly vars?: Readonly<Record<string, string>> | null;
  /** Name of a variable or id of a model → what evicting it costs. */
  readonly evict_costs?: Readonly<Record<string, number>> | null;
  /** Name of a set → expression. */
  readonly sets?: Readonly<Record<string, string>> | null;
}

const VARIABLE = /^[a-zA-Z0-9.-]{1,32}$/;

/** Turns a matrix into rules, reporting everything that is wrong with it. Only ids name models here, no aliases. */
export function compileMatrix(settings: MatrixSettings, modelIds: Iterable<ModelId>): Compiled<MatrixRules> {
  const models = new Set(modelIds);
  const variables = new Map(Object.entries(settings.vars ?? {}));
  const problems: PolicyProblem[] = [];
  const report = (path: readonly string[], message: string, hint: string): void => {
    problems.push({ path, message: `matrix: ${message}`, hint });
  };

  /** A variable hides the model of the same name. */
  const resolve = (name: string): ModelId | null => variables.get(name) ?? (models.has(name) ? name : null);

  for (const [name, model] of variables) {
    const path = ['vars', name];
    if (!VARIABLE.test(name)) {
      report(path, `var key ${JSON.stringify(name)} is invalid`, 'use 1 to 32 letters, digits, dots and hyphens');
    }
    if (!models.has(model)) {
      const message = `var key ${JSON.stringify(name)} references unknown model ${JSON.stringify(model)}`;
      report(path, message, 'name a model by its id, not by an alias');
    }
  }
  const costs = compileCosts(settings.evict_costs ?? {}, resolve, report);
  const { nodes, sets } = compileSets(settings.sets ?? {}, resolve, report);
  return problems.length > 0 ? { problems } : { rules: { kind: 'matrix', nodes, sets, costs } };
}

type Resolve = (name: string) => ModelId | null;
type Report = (path: readonly string[], message: string, hint: string) => void;

function compileCosts(settings: Readonly<Record<string, number>>, resolve: Resolve, report: Report) {
  const costs = new Map<ModelId, number>();
  const names = new Map<ModelId, string>();
  for (const [name, cost] of Object.entries(settings)) {
    const path = ['evict_costs', name];
    const quoted = JSON.stringify(name);
    const model = resolve(name);
    const namesake = model === null ? undefined : names.get(model);
    if (!Number.isSafeInteger(cost) || cost < 1) {
      report(path, `evict_cost for ${quoted} must be a positive integer, got ${cost}`, 'use a whole number from 1');
    } else if (model === null) {
      report(path, `evict_costs: unknown var or model ${quoted}`, 'name a variable of vars, or a model by its id');
    } else if (namesake !== undefined) {
      const message = `evict_costs: ${JSON.stringify(namesake)} and ${quoted} both resolve to model ${JSON.stringify(model)}`;
      report(path, message, 'give each model one cost');
    } else {
      costs.set(model, cost);
      names.set(model, name);
    }
  }
  return costs;
}

/**
 * Sets become nodes depth first: a reference is the node of the other set, so that nothing is written out twice.
 *
 * INVARIANT: after a problem the nodes are of no use, but compiling goes on to find the others.
 */
function compileSets(settings: Readonly<Record<string, string>>, resolve: Resolve, report: Report) {
  const nodes: Node[] = [];
  const sets: MatrixSet[] = [];
  const leaves = new Map<ModelId, number>();
  const roots = new Map<string, number | 'under way'>();
  const names = Object.keys(settings).sort(compareNaturally);
  if (names.length === 0) report(['sets'], 'matrix must define at least one set', 'add one, such as "all: a & b"');
  for (const name of names) compileSet(name);
  return { nodes, sets };

  function compileSet(name: string): number {
    const known = roots.get(name);
    if (known === 'under way') {
      const message = `circular reference detected involving set ${JSON.stringify(name)}`;
      report(['sets', name], message, 'a set cannot be made of itself');
      return 0;
    }
    if (known !== undefined) return known;
    roots.set(name, 'under way');
    let root = 0;
    try {
      root = compile(parseExpression(settings[name] ?? ''), name);
      sets.push({ name, root });
    } catch (error) {
      if (!(error instanceof DslError)) throw error;
      report(['sets', name], `set ${JSON.stringify(name)}: ${error.message}`, 'write it like "a & (b | +other)"');
    }
    roots.set(name, root);
    return root;
  }

  function compile(expression: Expression, set: string): number {
    if (expression.kind === 'name') return leaf(expression.name, set);
    if (expression.kind === 'reference') {
      if (Object.hasOwn(settings, expression.name)) return compileSet(expression.name);
      const message = `set ${JSON.stringify(set)} references undefined set ${JSON.stringify(expression.name)}`;
      report(['sets', set], message, 'name a set of this matrix after the +');
      return 0;
    }
    return join(
      expression.kind,
      expression.operands.map((operand) => compile(operand, set)),
    );
  }

  function leaf(name: string, set: string): number {
    const model = resolve(name);
    if (model === null) {
      const message = `set ${JSON.stringify(set)}: unknown var or model ${JSON.stringify(name)}`;
      report(['sets', set], message, 'name a variable of vars, or a model by its id');
      return 0;
    }
    const known = leaves.get(model);
    if (known !== undefined) return known;
    const place = nodes.push({ kind: 'model', model }) - 1;
    leaves.set(model, place);
    return place;
  }

  /** Joins neighbours until one is left: a long chain becomes a shallow tree in the same order. */
  function join(kind: 'both' | 'either', operands: readonly number[]): number {
    let row = operands;
    while (row.length > 1) {
      const next: number[] = [];
      for (let place = 0; place < row.length; place += 2) {
        const [left = 0, right] = row.slice(place, place + 2);
        next.push(right === undefined ? left : nodes.push({ kind, left, right }) - 1);
      }
      row = next;
    }
    return row[0] ?? 0;
  }
}
