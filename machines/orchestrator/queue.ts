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

export const emptyQueue: Queue = { lines: new Map(), waiting: new Map() };

export function enqueue(queue: Queue, ticket: Ticket): Queue {
  const line = queue.lines.get(ticket.unit) ?? [];
  return {
    lines: new Map(queue.lines).set(ticket.unit, [...line, ticket]),
    waiting: count(queue.waiting, ticket, 1),
  };
}

/** Takes one ticket out, wherever it stands in its line. Returns the same queue when it is not there any more. */
export function withdraw(queue: Queue, unit: UnitId, id: number): Queue {
  const line = queue.lines.get(unit);
  const ticket = line?.find((each) => each.id === id);
  if (!line || !ticket) return queue;
  const lines = new Map(queue.lines);
  if (line.length === 1) lines.delete(unit);
  else
    lines.set(
      unit,
      line.filter((each) => each !== ticket),
    );
  return { lines, waiting: count(queue.waiting, ticket, -1) };
}

/** Takes a whole line out. */
export function takeLine(queue: Queue, unit: UnitId): { queue: Queue; tickets: readonly Ticket[] } {
  const tickets = queue.lines.get(unit);
  if (!tickets) return { queue, tickets: [] };
  const lines = new Map(queue.lines);
  lines.delete(unit);
  const waiting = new Map(queue.waiting);
  for (const { model, patient } of tickets) {
    if (patient) continue;
    const left = (waiting.get(model) ?? 0) - 1;
    if (left > 0) waiting.set(model, left);
    else waiting.delete(model);
  }
  return { queue: { lines, waiting }, tickets };
}

/** Takes a line out but for the patient tickets in it. */
export function takeRequests(queue: Queue, unit: UnitId): { queue: Queue; tickets: readonly Ticket[] } {
  const patient = queue.lines.get(unit)?.filter((ticket) => ticket.patient) ?? [];
  const taken = takeLine(queue, unit);
  if (patient.length === 0) return taken;
  const lines = new Map(taken.queue.lines).set(unit, patient);
  return { queue: { ...taken.queue, lines }, tickets: taken.tickets.filter((ticket) => !ticket.patient) };
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

type Counts = ReadonlyMap<ModelId, number>;

function count(counts: Counts, { model, patient }: Ticket, by: number): Counts {
  if (patient) return counts;
  const next = new Map(counts);
  const sum = (counts.get(model) ?? 0) + by;
  if (sum > 0) next.set(model, sum);
  else next.delete(model);
  return next;
}
