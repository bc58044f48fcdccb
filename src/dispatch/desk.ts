import type { Actor } from 'xstate';
import type { OrchestratorMachine } from '../../machines/orchestrator/machine.ts';
import type { Refusal, Ticket } from '../../machines/orchestrator/types.ts';
import { modelActorId, type ModelId } from '../../machines/shared/ids.ts';
import { GatewayError } from '../errors.ts';
import type { AcquireOptions, Desk, Destination, Lease, Upstream } from './lease.ts';
import { createPermissions } from './permissions.ts';
import { toError } from './refusal.ts';

/**
 * Tickets ↔ promises.
 *
 * INVARIANTS
 * - Every acquire ends: with a lease, or with a GatewayError.
 * - A lease the orchestrator counts is in somebody's hands or given back: a grant for a client that has left in the
 *   meantime is returned at once.
 * - A lease is given back once, however often it is released.
 */

/** Grants handed over before the event loop gets a turn: many clients waking at once must not stall the others. */
const HANDOVERS_PER_TURN = 32;

export interface DeskDeps {
  readonly orchestrator: Actor<OrchestratorMachine>;
  /** Where the model's process listens now, or null when it has just gone. */
  readonly upstreamOf: (model: ModelId) => Upstream | null;
  /** Expected load time in milliseconds. */
  readonly estimateLoadMs: (model: ModelId) => number;
}

interface Waiter {
  grant(lease: Lease): void;
  refuse(error: GatewayError): void;
}

export function createDesk({ orchestrator, upstreamOf, estimateLoadMs }: DeskDeps): Desk {
  const waiters = new Map<number, Waiter>();
  let lastTicket = 0;
  const permissions = createPermissions({
    onTake: (model) => orchestrator.send({ type: 'lease.taken', model, at: Date.now() }),
    onSplit: (model, more) => orchestrator.send({ type: 'lease.split', model, more, at: Date.now() }),
    onReturn: release,
  });
  let granted: Ticket[] = [];
  let handedThisTurn = 0;

  orchestrator.on('tickets.granted', ({ tickets }) => {
    for (const { model } of tickets) permissions.ticketed(model, 1);
    granted = granted.length === 0 ? [...tickets] : [...granted, ...tickets];
    handOver();
  });
  orchestrator.on('gate.opened', ({ model, limit }) => permissions.open(model, limit));
  orchestrator.on('gate.closed', ({ model }) => permissions.close(model));
  orchestrator.on('tickets.refused', ({ tickets, refusal }) => {
    for (const ticket of tickets) refuse(ticket, refusal);
  });

  return { take, acquire };

  function acquire(destination: Destination, signal: AbortSignal, options: AcquireOptions = {}): Promise<Lease> {
    return new Promise((resolve, reject) => {
      const leave = () => reject(new GatewayError('client_closed_request', 'the client left before it was served'));
      if (signal.aborted) return leave();
      const id = ++lastTicket;
      const settled = () => signal.removeEventListener('abort', abandon);
      const abandon = () => {
        if (!waiters.delete(id)) return;
        orchestrator.send({ type: 'request.abandoned', ticket: id, unit: destination.unit, at: Date.now() });
        leave();
      };
      waiters.set(id, {
        grant: (lease) => (settled(), resolve(lease)),
        refuse: (error) => (settled(), reject(error)),
      });
      signal.addEventListener('abort', abandon, { once: true });
      submit({ id, ...destination, force: options.force === true, patient: options.patient === true });
    });
  }

  function take({ unit, model }: Destination): Lease | null {
    if (unit !== modelActorId(model)) return null;
    const upstream = upstreamOf(model);
    if (!upstream || !permissions.take(model)) return null;
    return createLease(model, upstream, permissions.giveBack);
  }

  function submit(ticket: Omit<Ticket, 'at'>): void {
    permissions.count(ticket.model);
    orchestrator.send({ type: 'request.submitted', ticket: { ...ticket, at: Date.now() } });
  }

  function handOver(): void {
    while (granted.length > 0 && handedThisTurn < HANDOVERS_PER_TURN) {
      if (handedThisTurn++ === 0) setImmediate(nextTurn);
      const ticket = granted.shift();
      if (ticket) hand(ticket);
    }
  }

  function nextTurn(): void {
    handedThisTurn = 0;
    handOver();
  }

  function hand(ticket: Ticket): void {
    const waiter = waiters.get(ticket.id);
    if (!waiter) return releaseTicketed(ticket.model);
    const upstream = upstreamOf(ticket.model);
    if (!upstream) {
      // The process ended between the grant and now: stand in line again.
      releaseTicketed(ticket.model);
      return submit(ticket);
    }
    waiters.delete(ticket.id);
    waiter.grant(createLease(ticket.model, upstream, releaseTicketed));
  }

  function createLease(model: ModelId, upstream: Upstream, giveBack: (model: ModelId) => void): Lease {
    let held = true;
    return {
      model,
      upstream,
      release() {
        if (!held) return;
        held = false;
        giveBack(model);
      },
    };
  }

  function releaseTicketed(model: ModelId): void {
    permissions.ticketed(model, -1);
    release(model);
  }

  function release(model: ModelId): void {
    orchestrator.send({ type: 'lease.released', model, at: Date.now() });
  }

  function refuse(ticket: Ticket, refusal: Refusal): void {
    const waiter = waiters.get(ticket.id);
    if (!waiters.delete(ticket.id) || !waiter) return;
    waiter.refuse(toError(ticket.model, refusal, estimateLoadMs(ticket.model)));
  }
}
