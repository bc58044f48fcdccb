import type { ModelId } from '../../shared/ids.ts';

/**
 * An expression over models, standing for a family of combinations: a model alone; the combinations of either operand;
 * the unions of one combination of each. Operands are places in the list the node itself is in, and come before it.
 */
export type Node =
  | { readonly kind: 'model'; readonly model: ModelId }
  | { readonly kind: 'both' | 'either'; readonly left: number; readonly right: number };

/** Combinations that are alike for whatever is outside an expression. Models are bits. */
interface Alternative {
  /** Models held that the rest of the expression may hold as well: their weight is counted further out. */
  readonly open: bigint;
  /** The weight of the other models held. */
  readonly weight: bigint;
  readonly held: bigint;
}

type Test = (alternative: Alternative) => boolean;

const NOTHING: Alternative = { open: 0n, weight: 0n, held: 0n };

/**
 * The heaviest combination of any root, if it weighs at least `least`: the models of `weights` that it holds. Among
 * equals the first one counts: roots in order, then combinations in the order of a full expansion, left to right, the
 * left operand of a union varying slowest.
 *
 * INVARIANTS
 * - Families are never expanded. A combination is seen only through the models that have a weight, and a model that
 *   occurs in one operand only is counted as soon as that operand is left. What remains are alternatives that neither
 *   hold more nor weigh more than one another; their number grows with what operands share, not with their product.
 * - Whatever a test accepts, it accepts with more models or more weight too. So an expression has a combination that
 *   passes exactly when one of its alternatives does.
 */
export function firstHeaviest(
  nodes: readonly Node[],
  roots: Iterable<number>,
  weights: ReadonlyMap<ModelId, bigint>,
  least: bigint,
): ReadonlySet<ModelId> | null {
  const models = [...weights.keys()];
  const bits = new Map(models.map((model, index) => [model, 1n << BigInt(index)]));
  const weighed = new Map<bigint, bigint>([[0n, 0n]]);
  const known: Map<bigint, readonly Alternative[]>[] = nodes.map(() => new Map());
  /** Per node, the models that occur in it. */
  const inside: bigint[] = [];
  const modelsIn = (place: number): bigint => inside[place] ?? 0n;
  for (const node of nodes) {
    inside.push(node.kind === 'model' ? (bits.get(node.model) ?? 0n) : modelsIn(node.left) | modelsIn(node.right));
  }

  let best: { root: number; weight: bigint } | null = null;
  for (const root of roots) {
    const beat = best === null ? least : best.weight + 1n;
    if (weigh(modelsIn(root)) < beat) continue;
    const weight = alternatives(root, 0n)[0]?.weight ?? 0n;
    if (weight >= beat) best = { root, weight };
  }
  if (best === null) return null;
  const { root, weight } = best;
  const { held } = first(root, 0n, (alternative) => alternative.weight >= weight);
  return new Set(models.filter((model) => ((bits.get(model) ?? 0n) & held) !== 0n));

  function weigh(held: bigint): bigint {
    const before = weighed.get(held);
    if (before !== undefined) return before;
    let sum = 0n;
    for (const [model, weight] of weights) if (((bits.get(model) ?? 0n) & held) !== 0n) sum += weight;
    weighed.set(held, sum);
    return sum;
  }

  /** Counts the models that are of no concern outside. */
  function close({ open, weight, held }: Alternative, outside: bigint): Alternative {
    return { open: open & outside, weight: weight + weigh(open & ~outside), held };
  }

  function unite(a: Alternative, b: Alternative, outside: bigint): Alternative {
    return close({ open: a.open | b.open, weight: a.weight + b.weight, held: a.held | b.held }, outside);
  }

  function alternatives(place: number, outside: bigint): readonly Alternative[] {
    const own = modelsIn(place);
    const node = nodes[place];
    if (own === 0n || node === undefined) return [NOTHING];
    const seen = outside & own;
    const before = known[place]?.get(seen);
    if (before) return before;

    let found: Alternative[] = [];
    if (node.kind === 'model') found = [close({ open: own, weight: 0n, held: own }, seen)];
    else if (node.kind === 'either') {
      for (const side of [node.left, node.right]) {
        for (const alternative of alternatives(side, seen)) found = addUnlessWorse(found, alternative);
      }
    } else {
      const rights = alternatives(node.right, seen | modelsIn(node.left));
      for (const left of alternatives(node.left, seen | modelsIn(node.right))) {
        for (const right of rights) found = addUnlessWorse(found, unite(left, right, seen));
      }
    }
    known[place]?.set(seen, found);
    return found;
  }

  /** The first combination that passes; there is one. */
  function first(place: number, outside: bigint, passes: Test): Alternative {
    const own = modelsIn(place);
    const node = nodes[place];
    if (own === 0n || node === undefined) return NOTHING;
    const seen = outside & own;
    if (node.kind === 'model') return close({ open: own, weight: 0n, held: own }, seen);
    if (node.kind === 'either') {
      return first(alternatives(node.left, seen).some(passes) ? node.left : node.right, seen, passes);
    }
    const besideLeft = seen | modelsIn(node.right);
    const besideRight = seen | modelsIn(node.left);
    const rights = alternatives(node.right, besideRight);
    const left = first(
      node.left,
      besideLeft,
      once((candidate) => rights.some((right) => passes(unite(candidate, right, seen)))),
    );
    const right = first(node.right, besideRight, (candidate) => passes(unite(left, candidate, seen)));
    return unite(left, right, seen);
  }
}

function isAtLeast(a: Alternative, b: Alternative): boolean {
  return a.weight >= b.weight && (b.open & ~a.open) === 0n;
}

function addUnlessWorse(list: Alternative[], added: Alternative): Alternative[] {
  if (list.some((kept) => isAtLeast(kept, added))) return list;
  return [...list.filter((kept) => !isAtLeast(added, kept)), added];
}

/** Remembers the answers of a test: tests ask the tests around them, and alternatives that are alike come up often. */
function once(test: Test): Test {
  const answers = new Map<string, boolean>();
  return (alternative) => {
    const key = `${alternative.open}:${alternative.weight}`;
    const answer = answers.get(key) ?? test(alternative);
    answers.set(key, answer);
    return answer;
  };
}
