import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { PolicyRules } from '../../machines/orchestrator/policies/policy.ts';
import type { ModelId, UnitId } from '../../machines/shared/ids.ts';
import { isKnown } from '../../machines/orchestrator/state.ts';
import { Account } from '../kit/account.ts';
import { createOrchestra, type Orchestra, settled } from '../kit/orchestra.ts';

/**
 * Random lives of gateways whose configuration changes at any moment, in the middle of swaps too: models and profiles come,
 * go, and become others; requests come for what is gone already; processes hang in the kernel. Everybody who waits is
 * answered, nothing is reported without end, no former definition stays, and in the end all that is configured can be had.
 */

const MANNERS = {
  a: { autoHealthy: false, concurrencyLimit: 3 },
  b: { obedient: false, stopTimeoutMs: 1_000 },
  c: { ttlMs: 2_000 },
  d: { priority: 1 },
};
const NAMES = Object.keys(MANNERS);
const PROFILES = ['p', 'q'] as const;
/** Whatever can be asked for by any configuration. */
const WISHES: [UnitId, ModelId][] = NAMES.flatMap((name): [UnitId, ModelId][] => [
  [`model:${name}`, name],
  ...PROFILES.map((profile): [UnitId, ModelId] => [`profile:${profile}`, name]),
]);

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

const which = fc.nat(50);
const oneIn = (sides: number) => fc.nat(sides - 1).map((die) => die === 0);

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant('submit' as const), which, patient: oneIn(6), isLate: oneIn(8) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('edit model' as const), which, isChanged: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('edit profile' as const),
      profile: fc.constantFrom(...PROFILES),
      members: fc.subarray(NAMES),
      profileTtlMs: fc.constantFrom(0, 3_000),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('exit' as const, 'hang' as const), which }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('unload' as const, 'take' as const), which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('abandon' as const), which }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constantFrom('release' as const, 'healthy' as const), which }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(500, 2_000, 7_000) }) },
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

/** Each step, and how many turns of the event loop follow it: a swap takes three or four. Short lives tell nothing. */
const steps = fc.array(fc.tuple(step, fc.nat(4)), { minLength: 20, maxLength: 60 });

class Life {
  readonly o: Orchestra;
  readonly account: Account;
  #models: readonly ModelId[] = NAMES;
  #profiles: Record<string, ModelId[]> = { p: ['a', 'b'], q: ['b', 'c'] };
  /** By model, how often it had been started when its definition last changed. */
  readonly #former = new Map<ModelId, number>();
  #seen = 0;

  constructor(policy: PolicyRules) {
    this.o = createOrchestra({ policy, models: MANNERS, profiles: this.#profiles, maxWaitMs: 4_000, maxQueue: 5 });
    this.account = new Account(this.o);
  }

  get topology() {
    return this.o.actor.getSnapshot().context.topology;
  }

  /** Mostly a model that has a process: the others are seldom worth a step. */
  #pick(which: number): ModelId {
    const alive = NAMES.filter((name) => this.o.processes.get(name)!.alive);
    const names = alive.length === 0 || which % 4 === 0 ? NAMES : alive;
    return names[which % names.length]!;
  }

  #unload(model: ModelId): void {
    const profiles = [...this.topology.profiles.values()].filter(({ members }) => members.includes(model));
    this.account.breakLeases([model, ...profiles.flatMap(({ members }) => members)]);
    this.o.actor.send({ type: 'unload.requested', models: [model], at: this.o.clock.now() });
  }

  async take(step: Step): Promise<void> {
    const { o, account } = this;
    switch (step.do) {
      case 'submit': {
        const wishes = step.isLate ? WISHES : WISHES.filter(([unit, model]) => isKnown(this.topology, { unit, model }));
        const [unit, model] = wishes[step.which % wishes.length]!;
        return account.submit(unit, model, step.patient);
      }
      case 'edit model': {
        const model = this.#pick(step.which);
        const others = this.#models.filter((name) => name !== model);
        const isThere = others.length < this.#models.length;
        if (!isThere) this.#models = [...others, model];
        else if (!step.isChanged && others.length > 0) this.#models = others;
        return this.#reload([model]);
      }
      case 'edit profile':
        this.#profiles = { ...this.#profiles, [step.profile]: step.members };
        return this.#reload([], step.profileTtlMs);
      case 'exit': {
        const model = this.#pick(step.which);
        account.breakLeases([model]);
        return o.processes.get(model)!.exit(1);
      }
      case 'hang': {
        const model = this.#pick(step.which);
        o.processes.get(model)!.unkillable = true;
        // That it hangs is noticed by whoever wants to stop it.
        return this.#unload(model);
      }
      case 'unload':
        return this.#unload(this.#pick(step.which));
      case 'take':
        return account.take(this.#pick(step.which));
      case 'healthy':
        return o.healthy(this.#pick(step.which));
      case 'abandon':
      case 'release':
        return account[step.do](step.which);
      case 'wait':
        return o.advance(step.ms, 500);
    }
  }

  #reload(changed: readonly ModelId[], profileTtlMs?: number): void {
    for (const name of changed) this.#former.set(name, this.o.processes.get(name)!.starts);
    const models = Object.entries(MANNERS).filter(([name]) => this.#models.includes(name));
    const profiles = Object.entries(this.#profiles)
      .map(([name, members]) => [name, members.filter((member) => this.#models.includes(member))] as const)
      .filter(([, members]) => members.length > 1);
    const change = { models: Object.fromEntries(models), profiles: Object.fromEntries(profiles) };
    this.o.reload(changed, profileTtlMs === undefined ? change : { ...change, profileTtlMs });
  }

  check(): void {
    this.account.check();
    const { stale, stuck, swaps, phases, profilePhases, topology } = this.o.actor.getSnapshot().context;
    for (const name of stale) expect([...phases.keys()], 'what is stale has a process').toContain(name);
    const touched = swaps.flatMap(({ loads, leaves }) => [...loads, ...leaves]);
    expect(
      touched.filter((name) => stuck.has(name)),
      'nothing begins that a stuck process is in the way of',
    ).toEqual([]);
    for (const name of profilePhases.keys()) expect([...topology.profiles.keys()]).toContain(name);
    for (const { ticket, refusal } of this.o.refused.slice(this.#seen)) {
      if (refusal.code !== 'model_cooling_down' || ticket.unit !== `model:${ticket.model}`) continue;
      const { starts } = this.o.processes.get(ticket.model)!;
      expect(starts, 'nobody waits for what a former definition failed at').toBeGreaterThan(
        this.#former.get(ticket.model) ?? 0,
      );
    }
    this.#seen = this.o.refused.length;
  }

  /** Everybody gives back what they have and everything starts as it should, until it is as asked. */
  async goOnUntil(isOver: () => boolean): Promise<void> {
    for (let turn = 0; turn < 60 && !isOver(); turn++) await this.#goOn(2_000);
  }

  async #goOn(ms: number): Promise<void> {
    this.account.releaseAll();
    for (const name of this.o.processes.keys()) await this.o.healthy(name);
    await this.o.advance(ms, 500);
    this.check();
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

  async comeToRest(): Promise<void> {
    await this.goOnUntil(() => this.isAtRest);
    // Longer than any cool-down.
    await this.#goOn(61_000);
    const { context, children } = this.o.actor.getSnapshot();
    expect([context.queue.lines.size, context.queue.waiting.size, context.leases.size]).toEqual([0, 0, 0]);
    expect([context.swaps, [...context.stale]]).toEqual([[], []]);
    for (const [name, starts] of this.#former) {
      const process = this.o.processes.get(name)!;
      expect(process.alive && process.starts === starts, `${name} runs by a former definition`).toBe(false);
    }
    expect(new Set([...context.phases.values(), ...context.profilePhases.values(), 'ready', 'stopped'])).toEqual(
      new Set(['ready', 'stopped']),
    );
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
      fc.asyncProperty(steps, fc.boolean(), async (steps, isCutShort) => {
        const life = new Life(policy);
        try {
          for (const [step, turns] of steps) {
            await life.take(step);
            life.check();
            for (let turn = 0; turn < turns; turn++) await settled();
            life.check();
          }
          if (isCutShort) return await life.shutDown();
          await life.goOnUntil(() => life.account.waiting.size === 0);
          expect([...life.account.waiting.keys()], 'tickets nobody answered').toEqual([]);
          await life.thaw();
          await life.comeToRest();
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
