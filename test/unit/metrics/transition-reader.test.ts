import { describe, expect, it } from 'vitest';
import type { ObservedTransition } from '../../../src/metrics/observation.ts';
import { createTransitionReader, type Fact } from '../../../src/metrics/transition-reader.ts';

type Step = [actor: string, event: string, from: string | null, to: string, reason?: string];

/** Each step a second after the one before it; phases are left out. */
function read(...steps: Step[]): Fact[] {
  const reader = createTransitionReader();
  return steps
    .map(([actor, event, from, to, reason = null], n): ObservedTransition => ({
      at: n * 1_000,
      actor,
      event,
      from,
      to,
      reason,
    }))
    .flatMap((transition) => reader(transition))
    .filter(({ kind }) => kind !== 'phase');
}

const STOP: Step = ['model:a', 'model.stop', 'ready', 'stopping'];
const stop = (reason: string): Step => ['model:a', 'model.stop', 'ready', 'stopping', reason];

describe('why a ready model goes', () => {
  it.each<[string, Step[]]>([
    ['ttl', [['model:a', 'xstate.after.ttl.model.ready.idle', 'ready', 'stopping']]],
    ['crash', [['model:a', 'process.exited', 'ready', 'stopped']]],
    ['crash', [['model:a', 'xstate.error.actor.model:a', 'ready', 'crashed']]],
    ['killed', [['model:a', 'model.kill', 'ready', 'stopping']]],
    ['unload', [STOP]],
    ['swap', [['swap:1', 'swap.drained', 'draining', 'evicting'], STOP]],
    ['unload', [['swap:1', 'x', 'draining', 'evicting'], ['swap:1', 'x', 'evicting', 'loading'], STOP]],
    ['shutdown', [['orchestrator', 'shutdown.requested', 'running', 'draining'], STOP]],
    ['unload', [['swap:1', 'x', 'draining', 'evicting'], stop('unload')]],
    ['unresponsive', [stop('health-timeout')]],
    ['unload', [stop('constructor')]],
  ])('%s: %j', (cause, steps) => {
    expect(read(...steps)).toEqual([{ kind: 'evicted', model: 'a', cause }]);
  });
});

describe('loads', () => {
  it('are timed from the start of the process, and again after each', () => {
    const load: Step[] = [
      ['model:a', 'model.ensureReady', 'stopped', 'starting'],
      ['model:a', 'process.spawned', 'starting', 'health-checking'],
      ['model:a', 'xstate.done.actor.probe', 'health-checking', 'ready'],
    ];
    expect(read(...load, STOP, ...load)).toMatchObject([
      { kind: 'loaded', seconds: 2 },
      { kind: 'evicted' },
      { kind: 'loaded', seconds: 2 },
    ]);
  });

  it('that end otherwise have failed or were called off', () => {
    const start: Step = ['model:a', 'model.ensureReady', 'stopped', 'starting'];
    expect(read(start, ['model:a', 'process.failed', 'starting', 'stopped'])).toEqual([
      { kind: 'load-ended', model: 'a', outcome: 'failed' },
    ]);
    expect(
      read(
        start,
        ['model:a', 'model.stop', 'starting', 'stopping'],
        ['model:a', 'process.exited', 'stopping', 'stopped'],
      ),
    ).toEqual([{ kind: 'load-ended', model: 'a', outcome: 'cancelled' }]);
  });
});

describe('swaps', () => {
  it('are timed from their beginning, each by itself', () => {
    expect(
      read(
        ['swap:1', 'xstate.init', null, 'checking'],
        ['swap:2', 'xstate.init', null, 'checking'],
        ['swap:1', 'x', 'checking', 'draining'],
        ['swap:1', 'x', 'loading', 'done'],
        ['swap:2', 'x', 'checking', 'failed'],
      ),
    ).toEqual([
      { kind: 'swapped', outcome: 'done', seconds: 3 },
      { kind: 'swapped', outcome: 'failed', seconds: 3 },
    ]);
  });

  it('and profiles are not models', () => {
    expect(read(['profile:p', 'x', 'ready', 'stopping'])).toEqual([]);
  });
});
