import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compileMatrix } from '../../machines/orchestrator/policies/compile-matrix.ts';
import type { MatrixRules } from '../../machines/orchestrator/policies/matrix.ts';
import { canContainAll, evictions } from '../../machines/orchestrator/policies/policy.ts';

/** The solver against the definition: every family written out, every combination tried in order. */

const MODELS = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];

type Tree =
  | { kind: 'model'; name: string }
  | { kind: 'set'; name: string }
  | { kind: 'both' | 'either'; operands: Tree[] };

/** The sets a set may refer to are those that come after it by name, so that references go against the order. */
function treeOver(sets: readonly string[]): fc.Arbitrary<Tree> {
  const model = fc.record({ kind: fc.constant('model' as const), name: fc.constantFrom(...MODELS) });
  const set = () => fc.record({ kind: fc.constant('set' as const), name: fc.constantFrom(...sets) });
  return fc.letrec<{ tree: Tree }>((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      sets.length > 0 ? fc.oneof({ weight: 4, arbitrary: model }, { weight: 1, arbitrary: set() }) : model,
      fc.record({
        kind: fc.constantFrom('both' as const, 'either' as const),
        operands: fc.array(tie('tree'), { minLength: 2, maxLength: 4 }),
      }),
    ),
  })).tree;
}

type Matrix = Record<string, Tree>;
const matrix = fc
  .tuple(treeOver(['s2', 's10']), treeOver(['s10']), treeOver([]))
  .map(([s1, s2, s10]): Matrix => ({ s1, s2, s10 }));

/** As a person would write it, with more parentheses than needed. */
function write(tree: Tree): string {
  if (tree.kind === 'model') return tree.name;
  if (tree.kind === 'set') return `+${tree.name}`;
  return `(${tree.operands.map(write).join(tree.kind === 'both' ? ' & ' : '|')})`;
}

function expand(tree: Tree, sets: Matrix): Set<string>[] {
  if (tree.kind === 'model') return [new Set([tree.name])];
  if (tree.kind === 'set') return expand(sets[tree.name]!, sets);
  const families = tree.operands.map((operand) => expand(operand, sets));
  if (tree.kind === 'either') return families.flat();
  return families.reduce((all, family) => all.flatMap((left) => family.map((right) => new Set([...left, ...right]))));
}

function sizeOf(tree: Tree, sets: Matrix): number {
  if (tree.kind === 'model') return 1;
  if (tree.kind === 'set') return sizeOf(sets[tree.name]!, sets);
  const sizes = tree.operands.map((operand) => sizeOf(operand, sets));
  return sizes.reduce((sum, size) => (tree.kind === 'both' ? sum * size : sum + size));
}

/** The order in which sets are examined: depth first. */
function examined(sets: Matrix): string[] {
  const order: string[] = [];
  const visit = (tree: Tree): void => {
    if (tree.kind === 'set') visitSet(tree.name);
    else if (tree.kind !== 'model') tree.operands.forEach(visit);
  };
  const visitSet = (name: string): void => {
    if (order.includes(name)) return;
    visit(sets[name]!);
    order.push(name);
  };
  for (const name of ['s1', 's2', 's10']) visitSet(name);
  return order;
}

function leaversByTrying(
  families: Set<string>[],
  target: string,
  resident: string[],
  costOf: (model: string) => number,
) {
  let best = { leavers: resident, cost: Infinity };
  for (const combination of families) {
    if (!combination.has(target)) continue;
    const leavers = resident.filter((model) => !combination.has(model));
    const cost = leavers.reduce((sum, model) => sum + costOf(model), 0);
    if (cost < best.cost) best = { leavers, cost };
  }
  return best.leavers;
}

function compile(sets: Matrix, costs: Record<string, number>): MatrixRules {
  const texts = Object.fromEntries(Object.entries(sets).map(([name, tree]) => [name, write(tree)]));
  const compiled = compileMatrix({ sets: texts, evict_costs: costs }, MODELS);
  if ('problems' in compiled) throw new Error(JSON.stringify(compiled.problems));
  return compiled.rules;
}

const costs = fc.dictionary(fc.constantFrom(...MODELS), fc.integer({ min: 1, max: 3 }), { noNullPrototype: true });
const isSmall = (sets: Matrix) => Object.values(sets).every((tree) => sizeOf(tree, sets) <= 5_000);

test('a matrix evicts exactly whom the first of the cheapest combinations leaves out', () => {
  let unequal = 0;
  fc.assert(
    fc.property(matrix.filter(isSmall), costs, (sets, costs) => {
      const rules = compile(sets, costs);
      const families = examined(sets).flatMap((name) => expand(sets[name]!, sets));
      for (let mask = 0; mask < 1 << MODELS.length; mask++) {
        const resident = MODELS.filter((_, index) => (mask >> index) & 1);
        const target = MODELS.find((model) => !resident.includes(model));
        if (target === undefined) continue;
        const expected = leaversByTrying(families, target, resident, (model) => costs[model] ?? 1);
        expect(evictions(rules, { loads: [target], resident })).toEqual(expected);
        if (expected.length > 0 && expected.length < resident.length) unequal++;
      }
    }),
    { numRuns: 400 },
  );
  expect(unequal, 'choices that were choices').toBeGreaterThan(1_000);
}, 120_000);

test('a matrix allows exactly the models of its combinations, and whatever is part of one', () => {
  fc.assert(
    fc.property(matrix.filter(isSmall), (sets) => {
      const rules = compile(sets, {});
      const families = Object.values(sets).flatMap((tree) => expand(tree, sets));
      for (let mask = 0; mask < 1 << MODELS.length; mask++) {
        const models = MODELS.filter((_, index) => (mask >> index) & 1);
        const allowed =
          models.length <= 1 || families.some((combination) => models.every((model) => combination.has(model)));
        expect(canContainAll(rules, models), models.join()).toBe(allowed);
      }
    }),
    { numRuns: 300 },
  );
}, 120_000);

test('what stays is allowed beside the newcomer, and nobody leaves for nothing', () => {
  fc.assert(
    fc.property(
      matrix.filter(isSmall),
      costs,
      fc.subarray(MODELS),
      fc.constantFrom(...MODELS),
      (sets, costs, some, target) => {
        const rules = compile(sets, costs);
        const resident = some.filter((model) => model !== target);
        const leavers = evictions(rules, { loads: [target], resident });
        const staying = resident.filter((model) => !leavers.includes(model));
        expect(canContainAll(rules, [target, ...staying])).toBe(true);
        for (const leaver of leavers) expect(canContainAll(rules, [target, ...staying, leaver])).toBe(false);
        expect(evictions(rules, { loads: [target], resident: staying })).toEqual([]);
      },
    ),
    { numRuns: 1_000 },
  );
}, 120_000);
