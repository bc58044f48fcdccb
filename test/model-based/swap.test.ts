import { isDeepStrictEqual } from 'node:util';
import { createActor, createMachine, type EventObject, fromPromise, setup } from 'xstate';
import { expect, test } from 'vitest';
import type { ModelReport } from '../../machines/model/types.ts';
import { ORCHESTRATOR_ID } from '../../machines/shared/ids.ts';
import type { Phase } from '../../machines/shared/phase.ts';
import { type SwapContext, swapMachine } from '../../machines/swap/machine.ts';
import type { SwapFinished, SwapInput } from '../../machines/swap/types.ts';
import { explore } from '../kit/explore.ts';
import { settled } from '../kit/orchestra.ts';

const input: SwapInput = { number: 1, unit: 'model:b', loads: ['b'], leaves: ['a', 'c'], force: false };

const failure = { code: 'spawn_failed', message: 'no', exitCode: null, signal: null, logTail: [], at: 1 } as const;

function report(model: string, phase: Phase, code: ModelReport['failure'] = null): ModelReport {
  return { type: 'model.reported', model, phase, failure: code, coolDownMs: 0 };
}

const payloads = {
  'model.reported': [
    report('a', 'stopping'),
    report('a', 'stopped'),
    report('c', 'stopped'),
    report('a', 'stopping', { ...failure, code: 'stop_timeout' }),
    report('b', 'starting'),
    report('b', 'ready'),
    report('b', 'stopping', { ...failure, code: 'stop_timeout' }),
    report('b', 'stopped', failure),
  ],
  'profile.reported': [],
  'xstate.done.actor.preflight': [
    { type: 'xstate.done.actor.preflight', output: null, actorId: 'preflight' },
    { type: 'xstate.done.actor.preflight', output: failure, actorId: 'preflight' },
  ],
  'xstate.error.actor.preflight': [
    { type: 'xstate.error.actor.preflight', error: new Error('a bug'), actorId: 'preflight' },
  ],
};

const abstract = ({ drained, remaining, failure }: SwapContext) => [drained, remaining, failure?.code ?? null];

const isEnd = (value: unknown): boolean => ['done', 'failed', 'cancelled'].includes(String(value));

const { paths, states } = explore(swapMachine, input, payloads, abstract);

test('every state is reached, and from each the swap can be called off', () => {
  const reached = new Set([...states.values()].map(({ value }) => value));
  expect([...reached].sort()).toEqual(['cancelled', 'checking', 'done', 'draining', 'evicting', 'failed', 'loading']);
  for (const snapshot of states.values()) {
    if (isEnd(snapshot.value)) continue;
    const actor = createActor(swapMachine, { input, snapshot: snapshot as never }).start();
    actor.send({ type: 'swap.cancel' });
    expect(actor.getSnapshot().value).toBe('cancelled');
  }
});

test('nothing is started while a leaver is there, nothing is stopped before the leases are back', () => {
  for (const { events, end } of paths) {
    const types = events.map(({ type }) => type);
    if (['evicting', 'loading', 'done'].includes(String(end.value))) expect(types).toContain('swap.drained');
    if (['loading', 'done'].includes(String(end.value))) expect((end.context as SwapContext).remaining).toEqual([]);
  }
});

/** The swap under an owner that has the orchestrator's address, beside models that note what they are told. */
async function replay(events: readonly EventObject[]) {
  const heard: string[] = [];
  const finished: SwapFinished[] = [];
  let answer: { resolve(value: null): void; reject(reason: unknown): void };
  const preflight = fromPromise<null, unknown>(
    () => new Promise((resolve, reject) => void (answer = { resolve, reject })),
  );
  const model = createMachine({
    on: { '*': { actions: ({ event, self }) => void heard.push(`${self.id} ${event.type}`) } },
  });
  const owner = setup({
    actors: { model, swap: swapMachine.provide({ actors: { preflight } as never }) },
  }).createMachine({
    invoke: [
      ...['a', 'b', 'c'].map((id) => ({ src: 'model' as const, id: `model:${id}`, systemId: `model:${id}` })),
      { src: 'swap' as const, id: 'swap:1', systemId: 'swap:1', input },
    ],
    on: { 'swap.finished': { actions: ({ event }) => void finished.push(event as never) } },
  });
  const told = new Set<string>();
  const root = createActor(owner, {
    systemId: ORCHESTRATOR_ID,
    inspect: (event) => void (event.type === '@xstate.event' && told.add(event.event.type)),
  }).start();
  const swap = root.system.get('swap:1');
  for (const event of events) {
    const { output, error } = event as { output?: null; error?: unknown };
    if (event.type.startsWith('xstate.error')) answer!.reject(error);
    else if (event.type.startsWith('xstate.done')) answer!.resolve(output ?? null);
    else swap.send(event);
    await settled();
  }
  const snapshot = swap.getSnapshot();
  root.stop();
  return { snapshot, heard, finished, told: [...told] };
}

test('the live actor follows every shortest path, and tells its end exactly once', async () => {
  for (const { events, end } of paths) {
    const { snapshot, heard, finished } = await replay(events);
    const way = events.map(({ type }) => type).join(' → ');
    expect([snapshot.value, abstract(snapshot.context)], way).toEqual([
      end.value,
      abstract(end.context as SwapContext),
    ]);
    expect(finished.map(({ outcome }) => outcome)).toEqual(isEnd(end.value) ? [end.value] : []);
    const isTold = (model: string) => heard.includes(`model:${model} model.stop`);
    const hasGone = (model: string) => events.some((event) => isDeepStrictEqual(event, report(model, 'stopped')));
    for (const leaver of input.leaves) {
      if (heard.includes('model:b model.ensureReady')) expect(isTold(leaver) || hasGone(leaver), way).toBe(true);
      if (!events.some(({ type }) => type === 'swap.drained')) expect(isTold(leaver), way).toBe(false);
    }
  }
});

test('once it has ended nothing moves it, and it says nothing any more', async () => {
  const later = [
    ...payloads['model.reported'],
    { type: 'swap.drained' },
    { type: 'swap.forsake' },
    { type: 'swap.cancel' },
  ];
  for (const { events, end } of paths.filter((path) => isEnd(path.end.value))) {
    const { heard } = await replay(events);
    const after = await replay([...events, ...later]);
    expect(after.snapshot.value).toBe(end.value);
    expect(after.finished.map(({ outcome }) => outcome)).toEqual([end.value]);
    expect(after.heard).toEqual(heard);
  }
});

// XState remembers each type of event for ever, and every swap has a number of its own.
test('its owner hears of it by no event whose type holds its number', async () => {
  for (const { events } of paths)
    expect((await replay(events)).told.filter((type) => type.includes('swap:1'))).toEqual([]);
});
