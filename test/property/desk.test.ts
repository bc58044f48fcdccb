import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createDesk } from '../../src/dispatch/desk.ts';
import type { Desk, Destination, Lease, Upstream } from '../../src/dispatch/lease.ts';
import type { GatewayError } from '../../src/errors.ts';
import { createOrchestra, type Orchestra, type OrchestraOptions, settled } from '../kit/orchestra.ts';

/**
 * A desk in front of a whole orchestrator, with clients that come, are served with and without a ticket, and leave, while
 * models and a profile come and go.
 */

const MODELS = ['a', 'b', 'c'] as const;

/** Configurations to go from and to. */
function configurations(concurrencyLimit: number): OrchestraOptions[] {
  const models = { a: { concurrencyLimit }, b: {}, c: {} };
  return [
    { models, profiles: {} },
    { models, profiles: { p: ['a', 'b'] } },
    { models, profiles: { p: ['a', 'c'] } },
    { models: { a: models.a, b: {} }, profiles: { p: ['a', 'b'] } },
  ];
}
const UPSTREAM = { isEnding: () => false } as unknown as Upstream;

const step = fc.record({
  do: fc.constantFrom(
    'come',
    'come',
    'come',
    'come',
    'come',
    'end',
    'end',
    'leave',
    'settle',
    'wait',
    'unload',
    'reload' as const,
  ),
  model: fc.constantFrom('a', 'a', 'b', 'c' as const),
  isByProfile: fc.nat(3).map((die) => die === 0),
  which: fc.nat(20),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

class Clients {
  readonly leases: Lease[] = [];
  readonly waiting = new Map<number, AbortController>();
  readonly refusals: string[] = [];
  /** Refused for a limit that was not reached. */
  readonly wronged: number[] = [];
  /** By client, left or not, what it asked for. */
  readonly #unanswered = new Map<number, string>();
  #number = 0;
  readonly desk: Desk;
  readonly limit: number;

  constructor(desk: Desk, limit: number) {
    this.desk = desk;
    this.limit = limit;
  }

  come(model: string, isByProfile: boolean): void {
    const destination: Destination = { unit: isByProfile ? 'profile:p' : `model:${model}`, model };
    const lease = this.desk.take(destination);
    if (lease !== null) {
      this.leases.push(lease);
      return;
    }
    const number = ++this.#number;
    const controller = new AbortController();
    const atOnce = this.using(model) + [...this.#unanswered.values()].filter((other) => other === model).length;
    this.#unanswered.set(number, model);
    this.waiting.set(number, controller);
    this.desk.acquire(destination, controller.signal).then(
      (granted) => {
        this.#unanswered.delete(number);
        // Granted, and left before it was heard of.
        if (this.waiting.delete(number)) this.leases.push(granted);
        else granted.release();
      },
      (error: GatewayError) => {
        this.#unanswered.delete(number);
        this.waiting.delete(number);
        this.refusals.push(error.code);
        if (error.code === 'concurrency_limit' && atOnce < this.limit) this.wronged.push(number);
      },
    );
  }

  leave(which: number): void {
    const entry = [...this.waiting].at(which % Math.max(1, this.waiting.size));
    if (entry === undefined) return;
    this.waiting.delete(entry[0]);
    entry[1].abort();
  }

  end(which: number): void {
    this.leases.splice(which % Math.max(1, this.leases.length), 1)[0]?.release();
  }

  using(model: string): number {
    return this.leases.filter((lease) => lease.model === model).length;
  }
}

async function take(o: Orchestra, clients: Clients, { do: what, model, isByProfile, which }: Step): Promise<void> {
  if (what === 'come') clients.come(model, isByProfile);
  else if (what === 'end') clients.end(which);
  else if (what === 'leave') clients.leave(which);
  else if (what === 'settle') await settled();
  else if (what === 'wait') await o.advance(500, 100);
  else if (what === 'unload') o.actor.send({ type: 'unload.requested', models: [model], at: o.clock.now() });
  else o.reload([], configurations(clients.limit)[which % 4]);
}

test('with and without tickets: limits hold, everybody is answered, and what is lent comes back', async () => {
  const refused = new Set<string>();
  let standing = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 80 }), fc.constantFrom(1, 2), async (steps, limit) => {
      const o = createOrchestra({ ...configurations(limit)[1], maxWaitMs: 2_000 });
      const desk = createDesk({
        orchestrator: o.actor,
        upstreamOf: (model) => (o.phase(model) === 'ready' ? UPSTREAM : null),
        estimateLoadMs: () => 1_000,
      });
      const clients = new Clients(desk, limit);
      try {
        for (const each of steps) {
          await take(o, clients, each);
          expect(clients.using('a')).toBeLessThanOrEqual(limit);
          // Whoever is counted may be one for many, but nobody who uses a model goes uncounted.
          const { leases, open } = o.actor.getSnapshot().context;
          for (const model of MODELS) {
            if (clients.using(model) > 0) expect(leases.get(model) ?? 0).toBeGreaterThan(0);
            if (!open.has(model)) expect(leases.get(model) ?? 0).toBeGreaterThanOrEqual(clients.using(model));
          }
        }
        standing += clients.leases.length;
        for (let turn = 0; turn < 40 && clients.waiting.size + clients.leases.length > 0; turn++) {
          while (clients.leases.length > 0) clients.end(0);
          await o.advance(1_000, 250);
        }
        expect(clients.waiting.size, 'clients nobody answered').toBe(0);
        expect(clients.wronged, 'clients refused for a limit that was not reached').toEqual([]);
        for (const code of clients.refusals) refused.add(code);
        await expect.poll(() => o.actor.getSnapshot().context.leases.size, { timeout: 5_000, interval: 5 }).toBe(0);
      } finally {
        o.stop();
      }
    }),
    { numRuns: 200 },
  );
  // Otherwise the lives above were too easy to prove anything.
  expect(refused).toContain('concurrency_limit');
  expect(standing).toBeGreaterThan(0);
}, 120_000);
