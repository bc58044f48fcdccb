import { createActor, createMachine, type EventObject, setup } from 'xstate';
import { expect, test } from 'vitest';
import type { ModelReport } from '../../machines/model/types.ts';
import { type ProfileContext, profileMachine } from '../../machines/profile/machine.ts';
import type { Failure } from '../../machines/shared/failure.ts';
import { ORCHESTRATOR_ID } from '../../machines/shared/ids.ts';
import { type Phase, PHASES } from '../../machines/shared/phase.ts';
import { ChoosingClock } from '../kit/choosing-clock.ts';
import { explore } from '../kit/explore.ts';

const input = { id: 'p', members: ['a', 'b'], ttlMs: 1_000, phases: new Map() };
const failure = { code: 'crashed', message: 'no', exitCode: 1, signal: null, logTail: [], at: 1 } as const;

function report(model: string, phase: Phase, failure: Failure | null): ModelReport {
  return { type: 'model.reported', model, phase, failure, coolDownMs: 0 };
}

const payloads = {
  'model.reported': ['a', 'b'].flatMap((model) => [
    ...PHASES.map((phase) => report(model, phase, phase === 'stopped' ? failure : null)),
    report(model, 'stopping', { ...failure, code: 'stop_timeout' }),
  ]),
  'profile.configure': [{ type: 'profile.configure', ttlMs: input.ttlMs }],
  'profile.stop': [{ type: 'profile.stop', reason: 'unload' }],
};

const abstract = ({ phases, leaving, failure }: ProfileContext) => [
  phases['a'],
  phases['b'],
  leaving,
  failure?.code ?? null,
];

const { paths, states } = explore(profileMachine, input, payloads, abstract);

const phaseOf = (value: unknown) => (typeof value === 'string' ? value : Object.keys(value as object)[0]);

test('every public state is reached', () => {
  const reached = new Set([...states.values()].map(({ value }) => phaseOf(value)));
  expect([...reached].sort()).toEqual([...PHASES].sort());
  expect(states.size).toBeGreaterThan(100);
});

test('it is ready only while every member is, and comes to rest when all are stopped', () => {
  for (const { value, context } of states.values()) {
    const { phases } = context as ProfileContext;
    const way = `${JSON.stringify(value)} with ${JSON.stringify(phases)}`;
    if (phaseOf(value) === 'ready') expect(Object.values(phases), way).toEqual(['ready', 'ready']);
    if (phaseOf(value) === 'stopping') expect(Object.values(phases), way).not.toEqual(['stopped', 'stopped']);
    if (Object.values(phases).every((phase) => phase === 'ready'))
      expect(['stopped', 'ready', 'stopping'], way).toContain(phaseOf(value));
  }
});

test('from every state it stops when it is told to and its members do', () => {
  for (const snapshot of states.values()) {
    const actor = createActor(profileMachine, { input, snapshot: snapshot as never }).start();
    actor.send({ type: 'profile.stop', reason: 'unload' });
    for (const phase of ['stopping', 'stopped'] as const) {
      for (const model of ['a', 'b'])
        actor.send({ type: 'model.reported', model, phase, failure: null, coolDownMs: 0 });
    }
    expect(actor.getSnapshot().value, JSON.stringify(snapshot.value)).toBe('stopped');
    actor.stop();
  }
});

/** The profile under an owner that has the orchestrator's address, beside members that note what they are told. */
function replay(events: readonly EventObject[]) {
  const clock = new ChoosingClock();
  const heard: { to: string; type: string; held?: boolean }[] = [];
  const model = createMachine({
    on: { '*': { actions: ({ event, self }) => void heard.push({ to: self.id, ...event }) } },
  });
  const owner = setup({ actors: { model, profile: profileMachine } }).createMachine({
    invoke: [
      ...['a', 'b'].map((id) => ({ src: 'model' as const, id: `model:${id}`, systemId: `model:${id}` })),
      { src: 'profile' as const, id: 'profile:p', systemId: 'profile:p', input },
    ],
  });
  const root = createActor(owner, { systemId: ORCHESTRATOR_ID, clock }).start();
  const profile = root.system.get('profile:p');
  for (const event of events) {
    if (event.type.startsWith('xstate.after.')) clock.fire(input.ttlMs);
    else profile.send(event);
  }
  const snapshot = profile.getSnapshot();
  root.stop();
  return { snapshot, heard };
}

test('the live actor follows every shortest path, and holds its members exactly while it is wanted', () => {
  for (const { events, end } of paths) {
    const { snapshot, heard } = replay(events);
    const way = events.map((event) => JSON.stringify(event)).join(' → ');
    expect([snapshot.value, abstract(snapshot.context)], way).toEqual([
      end.value,
      abstract(end.context as ProfileContext),
    ]);
    const lastHold = heard.findLast(({ type, to }) => type === 'model.hold' && to === 'model:a')?.held;
    const wanted = ['starting', 'health-checking', 'ready'].includes(phaseOf(end.value) ?? '');
    expect(lastHold ?? false, way).toBe(wanted);
  }
});
