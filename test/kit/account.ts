import { expect } from 'vitest';
import type { ModelId, UnitId } from '../../machines/shared/ids.ts';
import type { Orchestra } from './orchestra.ts';

interface Waiting {
  readonly unit: UnitId;
  readonly model: ModelId;
}

/** Who waits in an orchestra and who uses what, kept apart from what the orchestrator believes. */
export class Account {
  readonly waiting = new Map<number, Waiting>();
  readonly leases: { readonly model: ModelId; broken: boolean }[] = [];
  readonly o: Orchestra;
  #granted = 0;
  #refused = 0;

  constructor(o: Orchestra) {
    this.o = o;
  }

  submit(unit: UnitId, model: ModelId, patient = false): void {
    this.waiting.set(this.o.submit(unit, model, { patient }), { unit, model });
  }

  /** One of those who wait leaves. */
  abandon(which: number): void {
    const entry = [...this.waiting].at(which % Math.max(1, this.waiting.size));
    if (!entry) return;
    this.waiting.delete(entry[0]);
    this.o.abandon(entry[0], entry[1].unit);
  }

  /** One of those who use a model is done. */
  release(which: number): void {
    const [lease] = this.leases.splice(which % Math.max(1, this.leases.length), 1);
    if (lease) this.o.release(lease.model);
  }

  releaseAll(): void {
    for (const lease of this.leases.splice(0)) this.o.release(lease.model);
  }

  /** Uses a standing permission, if there is one. */
  take(model: ModelId): void {
    if (!this.o.openGates.has(model)) return;
    this.leases.push({ model, broken: false });
    this.o.take(model);
  }

  /** Somebody ends these models, whether or not they are used. */
  breakLeases(models: readonly ModelId[]): void {
    for (const lease of this.leases) if (models.includes(lease.model)) lease.broken = true;
  }

  /** Takes note of every grant and refusal since the last look: each is for somebody who waits, and in the order of lines. */
  look(): void {
    const fresh = this.o.granted.slice(this.#granted);
    this.#granted = this.o.granted.length;
    for (const { id, model } of fresh) {
      expect(this.waiting.delete(id), `ticket ${id} was granted, but nobody waited with it`).toBe(true);
      this.leases.push({ model, broken: false });
    }
    for (const { ticket, refusal } of this.o.refused.slice(this.#refused)) {
      if (refusal.code === 'model_start_failed') expect(refusal.failure, 'what has failed says why').not.toBeNull();
      expect(this.waiting.delete(ticket.id), `ticket ${ticket.id} was refused, but nobody waited with it`).toBe(true);
    }
    this.#refused = this.o.refused.length;
    for (const { unit, patient } of fresh) {
      const alike = this.o.granted.filter((ticket) => ticket.unit === unit && ticket.patient === patient);
      const order = alike.map(({ id }) => id);
      expect(order, 'one line is served in the order it came').toEqual([...order].sort((x, y) => x - y));
    }
  }

  /** What holds after every step of every life. */
  check(): void {
    expect(this.o.faults).toEqual([]);
    this.look();
    for (const { model, broken } of this.leases) {
      if (!broken) expect(this.o.phase(model), `${model} is in use`).toBe('ready');
    }
    const { leases, open, swaps } = this.o.actor.getSnapshot().context;
    expect(this.o.openGates, 'what was announced is what stands').toEqual(open);
    const counted = Object.entries(Object.groupBy(this.leases, ({ model }) => model));
    expect(leases, 'every use is counted').toEqual(new Map(counted.map(([model, uses]) => [model, uses?.length])));
    const touched = swaps.flatMap(({ loads, leaves }) => [...loads, ...leaves]);
    expect(touched.length, 'no two swaps touch the same model').toBe(new Set(touched).size);
  }
}
