import { describe, expect, it, vi } from 'vitest';
import type { ErrorActorEvent } from 'xstate';
import { createActor, forwardTo, fromCallback, sendParent, sendTo, setup, stopChild } from 'xstate';
import { createJournal } from '../../../src/observability/journal.ts';
import type { Transition } from '../../../src/observability/journal.ts';

type ToChild = { type: 'to'; actor: string; event: { type: string; secret?: string } };

const model = setup({ actors: { runner: fromCallback(() => {}) } }).createMachine({
  id: 'model',
  initial: 'stopped',
  invoke: { src: 'runner', id: 'runner' },
  states: {
    stopped: { on: { start: 'ready' } },
    ready: {
      initial: 'idle',
      on: { stop: 'stopped' },
      states: { idle: { on: { busy: 'busy' } }, busy: { on: { idle: 'idle' } } },
    },
  },
  on: {
    break: {
      actions: () => {
        throw new Error('a bug');
      },
    },
  },
});

const swap = setup({}).createMachine({
  id: 'swap',
  initial: 'draining',
  states: { draining: { on: { finish: 'done' } }, done: { type: 'final' } },
});

const orchestrator = setup({
  types: { events: {} as ToChild | { type: 'again' } | { type: 'tick' } | ErrorActorEvent<unknown, `model:${string}`> },
  actors: { model },
}).createMachine({
  id: 'orchestrator',
  initial: 'running',
  states: { running: {} },
  invoke: { src: 'model', id: 'model:a' },
  on: {
    to: {
      actions: sendTo(
        ({ event }) => event.actor,
        ({ event }) => event.event,
      ),
    },
    tick: {},
    again: { actions: stopChild('model:a') },
    'xstate.error.actor.*': { actions: stopChild('model:a') },
  },
});

function started(options: Parameters<typeof createJournal>[0] = {}) {
  let clock = 0;
  const journal = createJournal({ now: () => (clock += 1), ...options });
  const root = createActor(orchestrator, { id: 'orchestrator', inspect: journal.inspect });
  root.start();
  const tell = (event: { type: string; secret?: string }, actor = 'model:a') => root.send({ type: 'to', actor, event });
  return { journal, root, tell };
}

describe('journal', () => {
  it('records where an actor went, from where, and what event took it there', () => {
    const { journal, tell } = started();
    tell({ type: 'start' });
    expect(journal.history()).toEqual([
      { at: expect.any(Number) as number, actor: 'model:a', event: 'start', from: 'stopped', to: 'ready' },
    ]);
  });

  it('records a cause before its effect, though XState inspects the cause last', () => {
    const first = setup({}).createMachine({
      initial: 'ready',
      states: { ready: { on: { stop: 'stopped' } }, stopped: { entry: sendParent({ type: 'model.reported' }) } },
    });
    const second = setup({}).createMachine({
      initial: 'stopped',
      states: { stopped: { on: { start: 'ready' } }, ready: {} },
    });
    const parent = setup({ actors: { first, second } }).createMachine({
      invoke: [
        { src: 'first', id: 'model:first' },
        { src: 'second', id: 'model:second' },
      ],
      on: {
        stop: { actions: forwardTo('model:first') },
        'model.reported': { actions: sendTo('model:second', { type: 'start' }) },
      },
    });
    const journal = createJournal();
    createActor(parent, { id: 'orchestrator', inspect: journal.inspect }).start().send({ type: 'stop' });
    expect(journal.history().map(({ actor, to }) => `${actor} ${to}`)).toEqual([
      'model:first stopped',
      'model:second ready',
    ]);
  });

  it('does not record that every actor exists', () => {
    const { journal } = started();
    expect(journal.history()).toEqual([]);
    expect(journal.board.actors().map(({ id, state }) => `${id} ${state}`)).toEqual([
      'model:a stopped',
      'orchestrator running',
    ]);
  });

  it('does not record the changes below the top level, but shows them', () => {
    const { journal, tell } = started();
    tell({ type: 'start' });
    const since = journal.board.get('model:a')?.since;
    tell({ type: 'busy' });
    expect(journal.history()).toHaveLength(1);
    expect(journal.board.get('model:a')).toEqual({ id: 'model:a', state: 'ready', since, detail: 'busy' });
  });

  it('does not see helpers such as a runner', () => {
    const { journal } = started();
    expect(journal.board.get('runner')).toBeUndefined();
  });

  it('a request on its way through the orchestrator leaves no trace', () => {
    const { journal, root } = started();
    for (let index = 0; index < 50; index += 1) root.send({ type: 'tick' });
    expect(journal.history()).toEqual([]);
  });

  it('keeps a bounded number of transitions, the newest', () => {
    const { journal, tell } = started({ capacity: 3 });
    for (let round = 0; round < 5; round += 1) {
      tell({ type: 'start' });
      tell({ type: 'stop' });
    }
    expect(journal.history().map(({ to }) => to)).toEqual(['stopped', 'ready', 'stopped']);
    const times = journal.history().map(({ at }) => at);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(times.at(-1)).toBe(journal.board.get('model:a')?.since);
  });

  it('holds nothing of an event but its type', () => {
    const { journal, tell } = started();
    tell({ type: 'start', secret: 'sk-123' });
    expect(JSON.stringify([journal.history(), journal.board.actors()])).not.toContain('sk-123');
  });

  it('a subscriber that throws loses neither the event nor the other subscribers', () => {
    const report = vi.fn<(message: string) => void>();
    const { journal, root, tell } = started({ report });
    const seen: Transition[] = [];
    journal.subscribe(() => {
      throw new Error('no');
    });
    journal.subscribe((transition) => seen.push(transition));
    tell({ type: 'start' });
    tell({ type: 'stop' });
    expect(seen.map(({ to }) => to)).toEqual(['ready', 'stopped']);
    expect(root.getSnapshot().status).toBe('active');
    expect(report).toHaveBeenCalledOnce();
  });

  it('shows the board as it is after the transition a subscriber hears of', () => {
    const { journal, tell } = started();
    const phases: string[] = [];
    journal.subscribe(() => phases.push(journal.board.phaseOf('a')));
    tell({ type: 'start' });
    expect(phases).toEqual(['ready']);
  });

  it('an inspection event of a shape it does not know cannot break it', () => {
    const report = vi.fn<(message: string) => void>();
    const journal = createJournal({ report });
    const broken = { type: '@xstate.snapshot', actorRef: null } as unknown as Parameters<typeof journal.inspect>[0];
    expect(() => journal.inspect(broken)).not.toThrow();
    expect(report).toHaveBeenCalledOnce();
  });
});

describe('journal of a swap', () => {
  it('records its beginning and its end, and forgets the actor then', () => {
    const journal = createJournal({ now: () => 1 });
    const actor = createActor(swap, { id: 'swap:1', inspect: journal.inspect });
    actor.start();
    expect(journal.board.get('swap:1')?.state).toBe('draining');
    actor.send({ type: 'finish' });
    expect(journal.history()).toEqual([
      { at: 1, actor: 'swap:1', event: 'xstate.init', from: null, to: 'draining' },
      { at: 1, actor: 'swap:1', event: 'finish', from: 'draining', to: 'done' },
    ]);
    expect(journal.board.actors()).toEqual([]);
  });

  it('a stopped actor leaves the board', () => {
    const { journal, root } = started();
    root.send({ type: 'again' });
    expect(journal.board.get('model:a')).toBeUndefined();
  });
});

describe('journal of a crash', () => {
  it('an actor that breaks is not shown as what it was', () => {
    const { journal, tell, root } = started();
    tell({ type: 'start' });
    tell({ type: 'break' });
    expect(root.getSnapshot().status).toBe('active');
    expect(journal.board.phaseOf('a')).toBe('stopped');
    expect(journal.history().at(-1)).toMatchObject({ actor: 'model:a', from: 'ready', to: 'crashed' });
  });
});
