import fc from 'fast-check';
import { expect, test } from 'vitest';
import { oldestRequest } from '../../machines/orchestrator/queue.ts';
import type { ModelId, UnitId } from '../../machines/shared/ids.ts';
import { createOrchestra, type Orchestra, settled } from '../kit/orchestra.ts';

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

/** What the test knows of the world, kept apart from what the orchestrator believes. */
class Ledger {
  readonly waiting = new Map<number, { unit: UnitId; model: ModelId }>();
  readonly leases: { model: ModelId; broken: boolean }[] = [];
  readonly o: Orchestra;
  #granted = 0;
  #refused = 0;

  constructor(o: Orchestra) {
    this.o = o;
  }

  /** Takes note of every grant and refusal since the last look. */
  look(): void {
    const fresh = this.o.granted.slice(this.#granted);
    this.#granted = this.o.granted.length;
    for (const { id, model } of fresh) {
      expect(this.waiting.delete(id), `ticket ${id} was granted, but nobody waited with it`).toBe(true);
      this.leases.push({ model, broken: false });
    }
    for (const { ticket } of this.o.refused.slice(this.#refused)) {
      expect(this.waiting.delete(ticket.id), `ticket ${ticket.id} was refused, but nobody waited with it`).toBe(true);
    }
    this.#refused = this.o.refused.length;
    for (const { unit, patient } of fresh) {
      const alike = this.o.granted.filter((ticket) => ticket.unit === unit && ticket.patient === patient);
      const order = alike.map(({ id }) => id);
      expect(order, 'one line is served in the order it came').toEqual([...order].sort((x, y) => x - y));
    }
  }

  breakLeases(models: readonly ModelId[]): void {
    for (const lease of this.leases) if (models.includes(lease.model)) lease.broken = true;
  }

  check(): void {
    this.look();
    const alive = MODELS.filter((model) => this.o.processes.get(model)!.alive);
    const fits = Object.values(UNITS).some((members: readonly string[]) =>
      alive.every((model) => members.includes(model)),
    );
    expect(fits, `${alive.join(' and ')} run together`).toBe(true);
    for (const { model, broken } of this.leases) {
      if (!broken) expect(this.o.phase(model), `${model} is in use`).toBe('ready');
    }
    const { leases, open, swaps, queue } = this.o.actor.getSnapshot().context;
    for (const { unit, leaves, drained } of swaps) {
      if (unit === null || drained || !leaves.some((model) => leases.has(model))) continue;
      expect(oldestRequest(queue, unit), 'no gate is closed on what is used for a patient ticket alone').toBeDefined();
    }
    expect(this.o.openGates, 'what was announced is what stands').toEqual(open);
    for (const model of MODELS) {
      expect(leases.get(model) ?? 0).toBe(this.leases.filter((lease) => lease.model === model).length);
    }
  }
}

async function take(o: Orchestra, ledger: Ledger, step: Step): Promise<void> {
  switch (step.do) {
    case 'submit': {
      const members = UNITS[step.unit];
      const model = members[step.member % members.length]!;
      const ticket = o.submit(step.unit, model, { patient: step.patient });
      ledger.waiting.set(ticket, { unit: step.unit, model });
      return;
    }
    case 'abandon': {
      const entry = [...ledger.waiting].at(step.which % Math.max(1, ledger.waiting.size));
      if (!entry) return;
      ledger.waiting.delete(entry[0]);
      o.abandon(entry[0], entry[1].unit);
      return;
    }
    case 'release': {
      const [lease] = ledger.leases.splice(step.which % Math.max(1, ledger.leases.length), 1);
      if (lease) o.release(lease.model);
      return;
    }
    case 'exit': {
      const model = MODELS[step.which % MODELS.length]!;
      ledger.breakLeases([model]);
      o.processes.get(model)!.exit(1);
      return;
    }
    case 'healthy':
      return o.healthy(MODELS[step.which % MODELS.length]!);
    case 'unload':
      // A profile that is there is unloaded as a whole.
      ledger.breakLeases(step.model === 'c' ? ['c'] : ['a', 'b']);
      o.actor.send({ type: 'unload.requested', models: [step.model], at: o.clock.now() });
      return;
    case 'take':
      if (!o.openGates.has(step.model)) return;
      ledger.leases.push({ model: step.model, broken: false });
      return o.take(step.model);
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
      const ledger = new Ledger(o);
      try {
        for (const each of steps) {
          await take(o, ledger, each);
          ledger.check();
        }
        // From here on everything works and everybody gives back what they have: everybody must be served or refused.
        const isAtRest = () =>
          ledger.waiting.size + ledger.leases.length + o.actor.getSnapshot().context.swaps.length === 0;
        for (let turn = 0; turn < 60 && !isAtRest(); turn++) {
          for (const lease of ledger.leases.splice(0)) o.release(lease.model);
          for (const model of MODELS) await o.healthy(model);
          await o.advance(2_000, 500);
          ledger.check();
        }
        expect([...ledger.waiting.keys()], 'tickets nobody answered').toEqual([]);
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
