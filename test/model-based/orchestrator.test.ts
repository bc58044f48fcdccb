import { type AnyMachineSnapshot, createActor, createMachine, type EventObject } from 'xstate';
import { expect, test } from 'vitest';
import { orchestratorMachine } from '../../machines/orchestrator/machine.ts';
import { isGateClosed, isUnitReady, modelsOf, type OrchestratorState } from '../../machines/orchestrator/state.ts';
import type { OrchestratorEvent, Topology } from '../../machines/orchestrator/types.ts';
import { ORCHESTRATOR_ID, type UnitId } from '../../machines/shared/ids.ts';
import type { Phase } from '../../machines/shared/phase.ts';
import { ChoosingClock } from '../kit/choosing-clock.ts';
import { explore } from '../kit/explore.ts';

/** Two models that exclude each other; the world beyond them does whatever it can. */
const facts = {
  times: { ttlMs: 0, stopTimeoutMs: 1, healthTimeoutMs: 1 },
  checksHealth: true,
  concurrencyLimit: null,
  priority: 0,
};
const topology: Topology = {
  policy: { kind: 'exclusive' },
  models: new Map([
    ['a', facts],
    ['b', facts],
  ]),
  profiles: new Map(),
  maxWaitMs: 60_000,
  maxQueue: 2,
  drainTimeoutMs: 7,
};

/** What a model may report next. Health checking is left out: nothing is decided by it. */
const NEXT: Record<Phase, readonly Phase[]> = {
  stopped: ['starting'],
  starting: ['ready', 'stopping', 'stopped'],
  'health-checking': [],
  ready: ['stopping', 'stopped'],
  stopping: ['stopped'],
};

function worldEvents(snapshot: AnyMachineSnapshot): EventObject[] {
  const state = snapshot.context as OrchestratorState;
  const events: OrchestratorEvent[] = [];
  const tickets = [...state.queue.lines.values()].flat();
  for (const model of state.topology.models.keys()) {
    const unit: UnitId = `model:${model}`;
    const waiting = state.queue.waiting.get(model) ?? 0;
    const leases = state.leases.get(model) ?? 0;
    // The id of a ticket is its place in time; the largest one in any line is enough to go on from.
    const id = 1 + Math.max(0, ...tickets.map((ticket) => ticket.id), ...state.armed.values());
    if (waiting + leases < 2)
      events.push({ type: 'request.submitted', ticket: { id, unit, model, at: 0, force: false, patient: false } });
    if (state.open.has(model) && leases < 1) events.push({ type: 'lease.taken', model, at: 0 });
    // One model's definition changes; both together would only multiply the states.
    if (model === 'a' && state.phases.has(model) && !state.stale.has(model)) {
      events.push({ type: 'topology.replaced', topology: state.topology, stale: [model] });
    }
    if (leases > 0) events.push({ type: 'lease.released', model, at: 0 });
    if (state.armed.has(unit)) events.push({ type: 'line.overdue', unit });
    events.push({ type: 'unload.requested', models: [model], at: 0 });
    for (const phase of NEXT[state.phases.get(model) ?? 'stopped']) {
      // A model starts only when a swap loads it.
      if (phase === 'starting' && !state.swaps.some((swap) => swap.drained && swap.loads.includes(model))) continue;
      events.push({ type: 'model.reported', model, phase, failure: null, coolDownMs: 0 });
    }
  }
  for (const { id, unit } of tickets.slice(0, 2)) events.push({ type: 'request.abandoned', ticket: id, unit, at: 0 });
  for (const { number } of state.swaps) {
    for (const outcome of ['done', 'failed', 'cancelled'] as const) {
      events.push({ type: 'swap.finished', swap: number, outcome, failure: null, coolDownMs: 0 });
    }
  }
  events.push({ type: 'shutdown.requested' }, { type: 'shutdown.forced' });
  const after: EventObject[] = snapshot.matches('draining')
    ? [{ type: 'xstate.after.drainTimeout.orchestrator.draining' }]
    : [];
  return [...events, ...after];
}

const abstract = (state: OrchestratorState) => [
  state.accepting,
  [...state.queue.lines].map(([unit, line]) => [unit, line.length]).sort(),
  [...state.leases].sort(),
  [...state.phases].filter(([, phase]) => phase !== 'stopped').sort(),
  state.swaps.map(({ unit, leaves, drained }) => [unit, leaves, drained]),
  [...state.overdue].sort(),
  [...state.stale].sort(),
  [...state.open].sort(),
];

const quiet = createMachine({});
const machine = orchestratorMachine.provide({ actors: { model: quiet, profile: quiet, swap: quiet } as never });
const { paths, states } = explore(machine, topology, worldEvents, abstract);
const every = [...states.values()].map(({ value, context }) => ({ value, state: context as OrchestratorState }));

test('every state of a shutdown is reached, from many situations', () => {
  expect([...new Set(every.map(({ value }) => value))].sort()).toEqual(['draining', 'halted', 'running', 'stopping']);
  expect(states.size).toBeGreaterThan(300);
});

test('nobody waits for what is ready and open', () => {
  for (const { state } of every) {
    for (const unit of state.queue.lines.keys()) {
      const open = isUnitReady(state, unit) && !isGateClosed(state, modelsOf(topology, unit));
      expect(open, JSON.stringify(abstract(state))).toBe(false);
    }
  }
});

test('whoever waits has a swap under way, or somebody in the way that is in use', () => {
  for (const { state } of every) {
    const explained = state.queue.lines.size === 0 || state.swaps.length > 0 || state.leases.size > 0;
    expect(explained, JSON.stringify(abstract(state))).toBe(true);
  }
});

test('swaps under way never touch the same model, and what they stop is not in use', () => {
  for (const { state } of every) {
    const touched = state.swaps.flatMap(({ loads, leaves }) => [...loads, ...leaves]);
    expect(touched.length, JSON.stringify(abstract(state))).toBe(new Set(touched).size);
    for (const { drained, leaves } of state.swaps) {
      if (drained)
        expect(
          leaves.some((leaver) => state.leases.has(leaver)),
          JSON.stringify(abstract(state)),
        ).toBe(false);
    }
  }
});

test('a standing permission is given only where nobody waits and nothing is about to change', () => {
  for (const { state } of every) {
    const mayStand = state.accepting && state.queue.lines.size === 0;
    const situation = JSON.stringify(abstract(state));
    for (const model of state.open) {
      expect(mayStand && state.phases.get(model) === 'ready' && !state.stale.has(model), situation).toBe(true);
      expect(isGateClosed(state, [model]), situation).toBe(false);
    }
  }
  expect(every.some(({ state }) => state.open.size > 0)).toBe(true);
});

test('a model of an older definition has a swap under way that lets it go, or one that loads it, or is stuck', () => {
  for (const { value, state } of every.filter(({ state }) => state.accepting)) {
    for (const model of state.stale) {
      const touched = state.swaps.some(({ loads, leaves }) => [...loads, ...leaves].includes(model));
      expect(touched || state.stuck.has(model), JSON.stringify([value, abstract(state)])).toBe(true);
    }
  }
});

test('after a shutdown was asked for nothing waits and nothing begins', () => {
  for (const { value, state } of every) {
    if (value !== 'running') expect([state.accepting, state.queue.lines.size]).toEqual([false, 0]);
  }
});

test('the live actor follows every shortest path to the state the graph says', () => {
  for (const { events, end } of paths) {
    const clock = new ChoosingClock();
    const actor = createActor(machine, { input: topology, clock, systemId: ORCHESTRATOR_ID }).start();
    for (const event of events) {
      if (event.type.startsWith('xstate.after.')) clock.fire(topology.drainTimeoutMs);
      else actor.send(event as OrchestratorEvent);
    }
    const { value, context } = actor.getSnapshot();
    actor.stop();
    const way = events.map(({ type }) => type).join(' → ');
    expect([value, abstract(context)], way).toEqual([end.value, abstract(end.context as OrchestratorState)]);
  }
});
