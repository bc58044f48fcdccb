import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { PolicyRules } from '../../machines/orchestrator/policies/policy.ts';
import type { ModelId, UnitId } from '../../machines/shared/ids.ts';
import { Account } from '../kit/account.ts';
import { createOrchestra, type Orchestra, type OrchestraOptions, settled } from '../kit/orchestra.ts';

/**
 * Random lives of gateways whose configuration changes at any moment, in the middle of swaps too: models and profiles come,
 * go, and become others; requests come for what is gone already; processes hang in the kernel. Everybody who waits is
 * answered, nothing is reported without end, no former definition stays, and in the end all that is configured can be had.
 */

const NAMES = ['a', 'b', 'c', 'd'];
const UNITS: UnitId[] = [...NAMES.map((name): UnitId => `model:${name}`), 'profile:p', 'profile:q'];
const MANNERS = {
  a: { autoHealthy: false, concurrencyLimit: 3 },
  b: { obedient: false, stopTimeoutMs: 1_000 },
  c: { ttlMs: 2_000 },
  d: { priority: 1 },
};

const worlds: Record<string, PolicyRules> = {
  exclusive: { kind: 'exclusive' },
  groups: {
    kind: 'group',
    groups: [
      { name: 'together', swap: false, exclusive: false, persistent: false },
      { name: 'alone', swap: true, exclusive: true, persistent: false },
    ],
    groupOf: new Map([
      ['a', 0],
      ['b', 0],
      ['c', 0],
      ['d', 1],
    ]),
  },
};

const model = fc.constantFrom(...NAMES);
const which = fc.nat(50);
const members = fc.subarray(NAMES);

const step = fc.oneof(
  {
    weight: 7,
    arbitrary: fc.record({
      do: fc.constant('submit' as const),
      unit: fc.constantFrom(...UNITS),
      model,
      patient: fc.integer({ min: 0, max: 4 }).map((die) => die === 0),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('reload' as const),
      models: fc.subarray(NAMES, { minLength: 1 }),
      profiles: fc.record({ p: members, q: members }),
      profileTtlMs: fc.constantFrom(0, 3_000),
      changed: members,
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('exit' as const, 'hang' as const), model }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('unload' as const, 'take' as const), model }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('healthy' as const), model }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('abandon' as const), which }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('release' as const), which }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(500, 2_000, 7_000) }) },
  { weight: 6, arbitrary: fc.constant({ do: 'settle' as const }) },
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;
type Reload = Extract<Step, { do: 'reload' }>;

class Life {
  readonly o: Orchestra;
  readonly account: Account;
  /** By model, the number of the start of a process that has to go. */
  readonly #former = new Map<ModelId, number>();

  constructor(policy: PolicyRules) {
    const profiles = { p: ['a', 'b'], q: ['b', 'c'] };
    this.o = createOrchestra({ policy, models: MANNERS, profiles, maxWaitMs: 4_000, maxQueue: 5 });
    this.account = new Account(this.o);
  }

  get topology() {
    return this.o.actor.getSnapshot().context.topology;
  }

  async take(step: Step): Promise<void> {
    const { o, account } = this;
    switch (step.do) {
      case 'submit':
        return account.submit(
          step.unit,
          step.unit.startsWith('model:') ? step.unit.slice(6) : step.model,
          step.patient,
        );
      case 'reload':
        return this.#reload(step);
      case 'exit':
        account.breakLeases([step.model]);
        return o.processes.get(step.model)!.exit(1);
      case 'hang':
        o.processes.get(step.model)!.unkillable = true;
        return;
      case 'unload': {
        const profiles = [...this.topology.profiles.values()].filter(({ members }) => members.includes(step.model));
        account.breakLeases([step.model, ...profiles.flatMap(({ members }) => members)]);
        return o.actor.send({ type: 'unload.requested', models: [step.model], at: o.clock.now() });
      }
      case 'take':
        return account.take(step.model);
      case 'healthy':
        return o.healthy(step.model);
      case 'abandon':
      case 'release':
        return account[step.do](step.which);
      case 'wait':
        return o.advance(step.ms, 500);
      case 'settle':
        return settled();
    }
  }

  #reload({ models, profiles, profileTtlMs, changed }: Reload): void {
    const change: OrchestraOptions = {
      models: Object.fromEntries(models.map((name) => [name, MANNERS[name as keyof typeof MANNERS]])),
      profiles: Object.fromEntries(
        Object.entries(profiles)
          .map(([name, members]) => [name, members.filter((member) => models.includes(member))] as const)
          .filter(([, members]) => members.length > 1),
      ),
      profileTtlMs,
    };
    for (const [name, { alive, starts }] of this.o.processes) {
      if (alive && (changed.includes(name) || !models.includes(name))) this.#former.set(name, starts);
    }
    this.o.reload(changed, change);
  }

  check(): void {
    this.account.check();
    const { stale, phases, profilePhases, topology } = this.o.actor.getSnapshot().context;
    for (const name of stale) expect([...phases.keys()], 'what is stale has a process').toContain(name);
    for (const name of profilePhases.keys()) expect([...topology.profiles.keys()]).toContain(name);
  }

  /** Everybody gives back what they have and everything starts as it should, until it is as asked. */
  async goOnUntil(isOver: () => boolean): Promise<void> {
    for (let turn = 0; turn < 60 && !isOver(); turn++) {
      this.account.releaseAll();
      for (const name of this.o.processes.keys()) await this.o.healthy(name);
      await this.o.advance(2_000, 500);
      this.check();
    }
  }

  /** What hung ends at last. */
  async thaw(): Promise<void> {
    for (const process of this.o.processes.values()) {
      if (process.unkillable && process.alive) process.exit(null, 'SIGKILL');
      process.unkillable = false;
    }
    await settled();
  }

  get isAtRest(): boolean {
    const { swaps, leases } = this.o.actor.getSnapshot().context;
    return this.account.waiting.size + leases.size + swaps.length === 0;
  }

  /** No time is too short, no process too stubborn for it. */
  async shutDown(): Promise<void> {
    this.o.actor.send({ type: 'shutdown.requested' });
    this.check();
    await this.goOnUntil(() => this.o.halted());
    expect(this.o.halted(), 'the shutdown comes to its end').toBe(true);
    expect([...this.account.waiting.keys()], 'tickets nobody answered').toEqual([]);
    for (const [name, { alive, unkillable }] of this.o.processes) {
      expect(alive && !unkillable, `${name} is left behind`).toBe(false);
    }
  }

  checkEnd(): void {
    const { context, children } = this.o.actor.getSnapshot();
    expect([context.queue.lines.size, context.queue.waiting.size, context.leases.size]).toEqual([0, 0, 0]);
    expect([context.swaps, [...context.stale]]).toEqual([[], []]);
    for (const [name, starts] of this.#former) {
      const process = this.o.processes.get(name)!;
      expect(process.alive && process.starts === starts, `${name} runs by a former definition`).toBe(false);
    }
    const { models, profiles } = context.topology;
    const known = [...models.keys()].map((name) => `model:${name}`);
    known.push(...[...profiles.keys()].map((name) => `profile:${name}`));
    expect(Object.keys(children).sort()).toEqual(known.sort());
  }

  /** Whoever comes now is served. */
  async serveAll(): Promise<void> {
    const { models, profiles } = this.topology;
    const wishes: [UnitId, ModelId][] = [...models.keys()].map((name) => [`model:${name}`, name]);
    for (const [name, { members }] of profiles) wishes.push([`profile:${name}`, members[0]!]);
    for (const [unit, name] of wishes) {
      const { length } = this.o.granted;
      this.account.submit(unit, name);
      await this.goOnUntil(() => this.isAtRest);
      expect(this.o.granted.length - length, `${unit} is granted`).toBe(1);
    }
  }
}

test.each(Object.entries(worlds))(
  'under rules that are %s, whatever is reloaded when: everybody is answered, and nothing former stays',
  async (_name, policy) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 60 }), fc.boolean(), async (steps, isCutShort) => {
        const life = new Life(policy);
        try {
          for (const each of steps) {
            await life.take(each);
            life.check();
          }
          if (isCutShort) return await life.shutDown();
          await life.goOnUntil(() => life.account.waiting.size === 0);
          expect([...life.account.waiting.keys()], 'tickets nobody answered').toEqual([]);
          await life.thaw();
          await life.goOnUntil(() => life.isAtRest);
          // The longest cool-down.
          await life.o.advance(60_000, 10_000);
          life.checkEnd();
          await life.serveAll();
        } finally {
          life.o.stop();
        }
      }),
      { numRuns: 200 },
    );
  },
  300_000,
);
