import fc from 'fast-check';
import { expect, test } from 'vitest';
import { giveBack, isLent, type Leases, lend } from '../../machines/orchestrator/leases.ts';
import {
  emptyQueue,
  enqueue,
  oldestRequest,
  takeLine,
  takeRequests,
  unitsInTurn,
  withdraw,
} from '../../machines/orchestrator/queue.ts';
import type { Ticket } from '../../machines/orchestrator/types.ts';
import type { UnitId } from '../../machines/shared/ids.ts';

const MODELS = ['a', 'b', 'c'] as const;
const model = fc.constantFrom(...MODELS);
const unit = fc.constantFrom<UnitId>('model:a', 'model:b', 'profile:ab');

const queueStep = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('enqueue' as const), unit, model, patient: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('withdraw' as const), unit, which: fc.nat(30) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('take' as const, 'take requests' as const), unit }) },
);

test('the queue holds what a plain list would: each ticket once, in the order it came, counted per model', () => {
  fc.assert(
    fc.property(fc.array(queueStep, { maxLength: 80 }), (steps) => {
      let queue = emptyQueue;
      let list: Ticket[] = [];
      let last = 0;
      for (const step of steps) {
        const before = JSON.stringify([...queue.lines]);
        const former = queue;
        if (step.do === 'enqueue') {
          const { unit, model, patient } = step;
          const ticket: Ticket = { id: ++last, unit, model, at: last, force: false, patient };
          queue = enqueue(queue, ticket);
          list.push(ticket);
        } else if (step.do === 'withdraw') {
          queue = withdraw(queue, step.unit, step.which);
          list = list.filter(({ id, unit }) => id !== step.which || unit !== step.unit);
        } else {
          const isTaken = ({ unit, patient }: Ticket) => unit === step.unit && (step.do === 'take' || !patient);
          const taken = (step.do === 'take' ? takeLine : takeRequests)(queue, step.unit);
          expect(taken.tickets).toEqual(list.filter(isTaken));
          queue = taken.queue;
          list = list.filter((ticket) => !isTaken(ticket));
        }
        expect(JSON.stringify([...former.lines]), 'a queue is a value').toBe(before);

        for (const [line, tickets] of queue.lines) {
          expect(tickets).toEqual(list.filter(({ unit }) => unit === line));
          expect(tickets.length).toBeGreaterThan(0);
          expect(oldestRequest(queue, line)).toBe(list.find(({ unit, patient }) => unit === line && !patient));
        }
        expect([...queue.lines.values()].flat()).toHaveLength(list.length);
        for (const each of MODELS) {
          const requests = list.filter(({ model, patient }) => model === each && !patient);
          expect(queue.waiting.get(each) ?? 0).toBe(requests.length);
        }
        const heads = [...new Set(list.map(({ unit }) => unit))];
        expect(
          unitsInTurn(queue, new Set(), () => 0),
          'the line whose oldest ticket is oldest first',
        ).toEqual(heads);
      }
    }),
  );
});

test('leases are counts that never fall below nothing', () => {
  const step = fc.record({ do: fc.constantFrom('lend' as const, 'giveBack' as const), model, number: fc.nat(3) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      let leases: Leases = new Map();
      const counts = new Map<string, number>();
      for (const each of steps) {
        const held = counts.get(each.model) ?? 0;
        if (each.do === 'lend') {
          leases = lend(leases, each.model, each.number);
          counts.set(each.model, held + each.number);
        } else {
          leases = giveBack(leases, each.model);
          counts.set(each.model, Math.max(0, held - 1));
        }
        for (const id of MODELS) expect(leases.get(id) ?? 0).toBe(counts.get(id) ?? 0);
        expect([...leases.values()].every((count) => count > 0)).toBe(true);
        expect(isLent(leases, MODELS)).toBe([...counts.values()].some((count) => count > 0));
      }
    }),
  );
});
