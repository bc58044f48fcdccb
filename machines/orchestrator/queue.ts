import type { ModelId, UnitId } from '../shared/ids.ts';
import type { Ticket } from './types.ts';

/**
 * Who waits for what: one line per unit, oldest ticket first. Values are never changed in place.
 *
 * INVARIANTS
 * - A ticket stands in one line, once.
 * - A line that is there has a ticket.
 * - `waiting` counts, per model, exactly the tickets of requests that stand in lines; patient ones are none.
 */
export interface Queue {
  readonly lines: ReadonlyMap<UnitId, readonly Ticket[]>;
  readonly waiting: ReadonlyMap<ModelId, number>;
}

/** What is left of a queue, and who was taken out of it. */
interface Taken {
  readonly queue: Queue;
  readonly tickets: readonly Ticket[];
}

export const emptyQueue: Queue = { lines: new Map(), waiting: new Map() };

export function enqueue({ lines, waiting }: Queue, ticket: Ticket): Queue {
  const { unit, model, patient } = ticket;
  return {
    lines: new Map(lines).set(unit, [...(lines.get(unit) ?? []), ticket]),
    waiting: patient ? waiting : new Map(waiting).set(model, (waiting.get(model) ?? 0) + 1),
  };
}

/** Takes one ticket out, wherever it stands in its line. Returns the same queue when it is not there any more. */
export function withdraw(queue: Queue, unit: UnitId, id: number): Queue {
  return takeSome(queue, unit, (ticket) => ticket.id === id).queue;
}

/** Takes a whole line out. */
export function takeLine(queue: Queue, unit: UnitId): Taken {
  return takeSome(queue, unit, () => true);
}

/** Takes a line out but for the patient tickets in it. */
export function takeRequests(queue: Queue, unit: UnitId): Taken {
  return takeSome(queue, unit, ({ patient }) => !patient);
}

/** Takes out of a line whomever this is said of. */
export function takeSome(queue: Queue, unit: UnitId, isTaken: (ticket: Ticket) => boolean): Taken {
  const line = queue.lines.get(unit) ?? [];
  const tickets = line.filter(isTaken);
  if (tickets.length === 0) return { queue, tickets };
  const lines = new Map(queue.lines);
  if (tickets.length === line.length) lines.delete(unit);
  else
    lines.set(
      unit,
      line.filter((ticket) => !isTaken(ticket)),
    );
  const waiting = new Map(queue.waiting);
  for (const { model, patient } of tickets) {
    if (patient) continue;
    const left = (waiting.get(model) ?? 0) - 1;
    if (left > 0) waiting.set(model, left);
    else waiting.delete(model);
  }
  return { queue: { lines, waiting }, tickets };
}

/** Whoever of a line has waited longest, patient tickets aside. */
export function oldestRequest(queue: Queue, unit: UnitId): Ticket | undefined {
  return queue.lines.get(unit)?.find(({ patient }) => !patient);
}

/**
 * The units somebody waits for, in the order of their turns: first whoever has waited for too long, then the highest
 * priority; among equals, the one whose oldest ticket is oldest.
 */
export function unitsInTurn(
  queue: Queue,
  overdue: ReadonlySet<UnitId>,
  priorityOf: (tickets: readonly Ticket[]) => number,
): UnitId[] {
  return [...queue.lines]
    .map(([unit, tickets]) => ({
      unit,
      id: tickets[0]?.id ?? 0,
      priority: overdue.has(unit) ? Infinity : priorityOf(tickets),
    }))
    .sort((a, b) => (a.priority === b.priority ? a.id - b.id : b.priority - a.priority))
    .map(({ unit }) => unit);
}
