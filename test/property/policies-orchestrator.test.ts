import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compileGroups } from '../../machines/orchestrator/policies/compile-groups.ts';
import { compileMatrix } from '../../machines/orchestrator/policies/compile-matrix.ts';
import { canContainAll, type PolicyRules } from '../../machines/orchestrator/policies/policy.ts';
import type { ModelId } from '../../machines/shared/ids.ts';
import { createOrchestra, settled } from '../kit/orchestra.ts';

/**
 * Random lives of gateways in which models may live together and swaps run side by side. After every step only models
 * run together that may, and nothing in use has been stopped; at the end everybody has been served or refused.
 */

const MODELS = ['a', 'b', 'c', 'd', 'e'];
const PROFILE = ['a', 'd'];

const groups = compileGroups(
  {
    left: { members: ['a', 'b'], exclusive: false },
    right: { members: ['c', 'd'], exclusive: false, persistent: true },
  },
  MODELS,
);
const matrix = compileMatrix({ sets: { s: '(a | b) & (c | d)', t: 'b & e' }, evict_costs: { a: 2 } }, MODELS);

/** Whether these may run at the same time. What groups allow depends on who came first: only their swapping is certain. */
type Fits = (alive: readonly ModelId[]) => boolean;

const isNeverBoth = (alive: readonly ModelId[], one: ModelId, other: ModelId) =>
  !(alive.includes(one) && alive.includes(other));

const worlds: Record<string, { rules: PolicyRules; fits: Fits }> = {
  groups: {
    rules: (groups as Extract<typeof groups, { rules: unknown }>).rules,
    fits: (alive) => isNeverBoth(alive, 'a', 'b') && isNeverBoth(alive, 'c', 'd'),
  },
  matrix: {
    rules: (matrix as Extract<typeof matrix, { rules: unknown }>).rules,
    fits: (alive) => canContainAll((matrix as Extract<typeof matrix, { rules: unknown }>).rules, alive),
  },
};

const model = fc.constantFrom(...MODELS);
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('submit' as const), model }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('submit profile' as const), model: fc.constantFrom(...PROFILE) }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('release' as const), model }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('healthy' as const), model }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constantFrom('abandon' as const, 'exit' as const, 'unload' as const), model }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('wait' as const, 'wait long' as const), model }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('settle' as const), model }) },
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

/** Lives one life; how many swaps were under way at once, and how many models alive. */
async function live({ rules, fits }: { rules: PolicyRules; fits: Fits }, steps: readonly Step[]) {
  const o = createOrchestra({
    policy: rules,
    models: {
      a: { autoHealthy: false, ttlMs: 3_000 },
      b: { obedient: false, stopTimeoutMs: 1_000 },
      c: { autoHealthy: false },
      d: { priority: 2 },
      e: { priority: -1 },
    },
    profiles: { ad: PROFILE },
    maxWaitMs: 4_000,
  });
  const waiting = new Map<number, { unit: `model:${string}` | 'profile:ad'; model: ModelId }>();
  /** Leases whose model was not stopped or killed by somebody else. */
  const whole: ModelId[] = [];
  const broken: ModelId[] = [];
  let [seenGranted, seenRefused, mostSwaps, mostAlive] = [0, 0, 0, 0];

  const submit = (unit: `model:${string}` | 'profile:ad', model: ModelId) =>
    void waiting.set(o.submit(unit, model), { unit, model });
  const release = (model: ModelId) => {
    const list = whole.includes(model) ? whole : broken;
    const [lease] = list.splice(list.indexOf(model), list.includes(model) ? 1 : 0);
    if (lease !== undefined) o.release(lease);
  };
  const breakLeases = (models: readonly ModelId[]) => {
    for (const each of whole.splice(0)) (models.includes(each) ? broken : whole).push(each);
  };

  function check(): void {
    for (const { id, model } of o.granted.slice(seenGranted)) {
      expect(waiting.delete(id), `ticket ${id} is granted once`).toBe(true);
      whole.push(model);
    }
    for (const { ticket } of o.refused.slice(seenRefused)) {
      expect(waiting.delete(ticket.id), `ticket ${ticket.id} is answered once`).toBe(true);
    }
    [seenGranted, seenRefused] = [o.granted.length, o.refused.length];
    const alive = MODELS.filter((model) => o.processes.get(model)!.alive);
    const isProfile = alive.every((model) => PROFILE.includes(model));
    expect(isProfile || fits(alive), `${alive.join(' and ')} run together`).toBe(true);
    for (const lease of whole) expect(o.phase(lease), `${lease} is in use`).toBe('ready');
    const { swaps, profilePhases } = o.actor.getSnapshot().context;
    if (profilePhases.get('ad') === 'ready') expect(isProfile, 'a profile is alone').toBe(true);
    const touched = swaps.flatMap(({ loads, leaves }) => [...loads, ...leaves]);
    expect(touched.length).toBe(new Set(touched).size);
    mostSwaps = Math.max(mostSwaps, swaps.length);
    mostAlive = Math.max(mostAlive, alive.length);
  }

  async function take({ do: what, model }: Step): Promise<void> {
    if (what === 'submit') return submit(`model:${model}`, model);
    if (what === 'submit profile') return submit('profile:ad', model);
    if (what === 'release') return release(model);
    if (what === 'healthy') return o.healthy(model);
    if (what === 'settle') return settled();
    if (what === 'wait') return o.advance(500, 500);
    if (what === 'wait long') return o.advance(5_000, 500);
    if (what === 'abandon') {
      const entry = [...waiting].find(([, ticket]) => ticket.model === model);
      if (!entry) return;
      waiting.delete(entry[0]);
      return o.abandon(entry[0], entry[1].unit);
    }
    if (what === 'exit') {
      breakLeases([model]);
      return o.processes.get(model)!.exit(1);
    }
    // A profile that is there is unloaded as a whole.
    breakLeases(PROFILE.includes(model) ? PROFILE : [model]);
    return o.actor.send({ type: 'unload.requested', models: [model], at: o.clock.now() });
  }

  try {
    for (const each of steps) {
      await take(each);
      check();
    }
    const isAtRest = () =>
      waiting.size + whole.length + broken.length + o.actor.getSnapshot().context.swaps.length === 0;
    for (let turn = 0; turn < 60 && !isAtRest(); turn++) {
      for (const model of [...whole, ...broken]) release(model);
      for (const model of MODELS) await o.healthy(model);
      await o.advance(2_000, 500);
      check();
    }
    expect([...waiting.keys()], 'tickets nobody answered').toEqual([]);
    const { queue, leases, swaps } = o.actor.getSnapshot().context;
    expect([queue.lines.size, queue.waiting.size, leases.size, swaps.length]).toEqual([0, 0, 0, 0]);
  } finally {
    o.stop();
  }
  return { mostSwaps, mostAlive };
}

test.each(Object.keys(worlds))(
  'under %s, whatever happens: only what fits runs together, nobody is lost, nothing in use is evicted',
  async (name) => {
    let [mostSwaps, mostAlive] = [0, 0];
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 60 }), async (steps) => {
        const seen = await live(worlds[name]!, steps);
        mostSwaps = Math.max(mostSwaps, seen.mostSwaps);
        mostAlive = Math.max(mostAlive, seen.mostAlive);
      }),
      { numRuns: 250 },
    );
    expect(mostSwaps, 'swaps side by side').toBeGreaterThan(1);
    expect(mostAlive, 'models side by side').toBeGreaterThan(1);
  },
  120_000,
);
