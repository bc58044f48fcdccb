import fc from 'fast-check';
import { expect, test } from 'vitest';
import { oldestRequest } from '../../machines/orchestrator/queue.ts';
import type { ModelId } from '../../machines/shared/ids.ts';
import { Account } from '../kit/account.ts';
import { createOrchestra, settled } from '../kit/orchestra.ts';

/**
 * Random lives of a gateway with three models and a profile, everything that can happen happening in any order. What
 * must hold is checked after every step, and at the end everybody must have been answered.
 */

const MODELS = ['a', 'b', 'c'] as const;
const UNITS = { 'model:a': ['a'], 'model:b': ['b'], 'model:c': ['c'], 'profile:ab': ['a', 'b'] } as const;
type Unit = keyof typeof UNITS;

type Step =
  | { do: 'submit'; unit: Unit; member: number; patient: boolean }
  | { do: 'abandon' | 'release' | 'exit' | 'healthy'; which: number }
  | { do: 'unload' | 'take' | 'reload'; model: ModelId }
  | { do: 'wait'; ms: number }
  | { do: 'settle' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('submit' as const),
      unit: fc.constantFrom(...(Object.keys(UNITS) as Unit[])),
      member: fc.nat(1),
      patient: fc.integer({ min: 0, max: 4 }).map((die) => die === 0),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('abandon' as const, 'exit' as const), which: fc.nat(50) }) },
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constantFrom('release' as const, 'healthy' as const), which: fc.nat(50) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom('unload' as const, 'reload' as const),
      model: fc.constantFrom(...MODELS),
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('take' as const), model: fc.constantFrom(...MODELS) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(50, 500, 5_000) }) },
  { weight: 6, arbitrary: fc.constant({ do: 'settle' as const }) },
);

function check(account: Account): void {
  account.check();
  const { o } = account;
  const alive = MODELS.filter((model) => o.processes.get(model)!.alive);
  const fits = Object.values(UNITS).some((members: readonly string[]) =>
    alive.every((model) => members.includes(model)),
  );
  expect(fits, `${alive.join(' and ')} run together`).toBe(true);
  const { leases, swaps, queue } = o.actor.getSnapshot().context;
  for (const { unit, leaves, drained } of swaps) {
    if (unit === null || drained || !leaves.some((model) => leases.has(model))) continue;
    expect(oldestRequest(queue, unit), 'no gate is closed on what is used for a patient ticket alone').toBeDefined();
  }
}

async function take(account: Account, step: Step): Promise<void> {
  const { o } = account;
  switch (step.do) {
    case 'submit': {
      const members = UNITS[step.unit];
      return account.submit(step.unit, members[step.member % members.length]!, step.patient);
    }
    case 'abandon':
    case 'release':
      return account[step.do](step.which);
    case 'exit': {
      const model = MODELS[step.which % MODELS.length]!;
      account.breakLeases([model]);
      o.processes.get(model)!.exit(1);
      return;
    }
    case 'healthy':
      return o.healthy(MODELS[step.which % MODELS.length]!);
    case 'unload':
      // A profile that is there is unloaded as a whole.
      account.breakLeases(step.model === 'c' ? ['c'] : ['a', 'b']);
      o.actor.send({ type: 'unload.requested', models: [step.model], at: o.clock.now() });
      return;
    case 'take':
      return account.take(step.model);
    case 'reload':
      return o.reload([step.model]);
    case 'wait':
      return o.advance(step.ms, 500);
    case 'settle':
      return settled();
  }
}

test('whatever happens: nobody is lost, nobody is answered twice, nothing in use is evicted', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 60 }), async (steps) => {
      const o = createOrchestra({
        models: {
          a: { autoHealthy: false, ttlMs: 3_000 },
          b: { autoHealthy: false, obedient: false, stopTimeoutMs: 1_000 },
          c: {},
        },
        profiles: { ab: ['a', 'b'] },
        maxWaitMs: 4_000,
        maxQueue: 5,
      });
      const account = new Account(o);
      try {
        for (const each of steps) {
          await take(account, each);
          check(account);
        }
        // From here on everything works and everybody gives back what they have: everybody must be served or refused.
        const isAtRest = () =>
          account.waiting.size + account.leases.length + o.actor.getSnapshot().context.swaps.length === 0;
        for (let turn = 0; turn < 60 && !isAtRest(); turn++) {
          account.releaseAll();
          for (const model of MODELS) await o.healthy(model);
          await o.advance(2_000, 500);
          check(account);
        }
        expect([...account.waiting.keys()], 'tickets nobody answered').toEqual([]);
        const { context } = o.actor.getSnapshot();
        expect(context.queue.lines.size).toBe(0);
        expect(context.queue.waiting.size).toBe(0);
        expect(context.leases.size).toBe(0);
        expect(context.swaps).toEqual([]);
        expect(context.stale.size).toBe(0);
      } finally {
        o.stop();
      }
    }),
    { numRuns: 300 },
  );
}, 120_000);
