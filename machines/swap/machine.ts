import { assign, enqueueActions, fromPromise, setup } from 'xstate';
import { isStuck } from '../model/failures.ts';
import type { Failure } from '../shared/failure.ts';
import { modelActorId, type ModelId, ORCHESTRATOR_ID, profileActorId } from '../shared/ids.ts';
import { tell } from '../shared/tell.ts';
import type { PreflightInput, PreflightResult, SwapEvent, SwapFinished, SwapInput } from './types.ts';

/**
 * One change of the set of resident models: check, drain, evict, load.
 *
 * INVARIANTS
 * - Nothing is stopped before the preflight has passed and the last lease on every leaver is back.
 * - Nothing is started before every leaver's process is gone. One that goes by itself is noted whenever it does: there may
 *   be nobody left to ask.
 * - A process that outlives SIGKILL ends it at once, whether it is to leave or to start anew.
 * - It ends, exactly once, with `swap.finished`; a cancelled swap starts nothing any more.
 *
 * Its ends are no final states: it waits there for its owner to stop it. XState would tell the owner that it is done by an
 * event of a type of its own for each swap, and remembers for every type of event which transitions it can lead to, for ever.
 */

export interface SwapContext extends SwapInput {
  readonly drained: boolean;
  /** Leavers whose process is not gone yet. */
  readonly remaining: readonly ModelId[];
  readonly failure: Failure | null;
  readonly coolDownMs: number;
}

export const swapMachine = setup({
  types: {
    context: {} as SwapContext,
    events: {} as SwapEvent,
    input: {} as SwapInput,
    children: {} as { preflight: 'preflight' },
  },
  actors: { preflight: fromPromise<PreflightResult, PreflightInput>(async () => null) },
  actions: {
    noteDrained: assign({ drained: true }),
    noteFailure: assign((_, params: { failure: Failure | null; coolDownMs: number }) => params),
    noteGone: assign(({ context, event }) =>
      event.type === 'model.reported' ? { remaining: context.remaining.filter((model) => model !== event.model) } : {},
    ),
    evict: enqueueActions(({ context, enqueue, system }) => {
      for (const model of context.remaining) {
        tell(enqueue, system, modelActorId(model), { type: 'model.stop', reason: 'swap' });
      }
    }),
    load: enqueueActions(({ context, enqueue, system }) => {
      if (context.unit === null) return;
      const command = context.unit.startsWith('profile:') ? 'profile.ensureReady' : 'model.ensureReady';
      tell(enqueue, system, context.unit, { type: command, force: context.force });
    }),
    finish: enqueueActions(({ context, enqueue, system }, params: { outcome: SwapFinished['outcome'] }) => {
      const finished: SwapFinished = {
        type: 'swap.finished',
        swap: context.number,
        outcome: params.outcome,
        failure: context.failure,
        coolDownMs: context.coolDownMs,
      };
      tell(enqueue, system, ORCHESTRATOR_ID, finished);
    }),
  },
  guards: {
    isProblemFound: (_, params: { problem: Failure | null }) => params.problem !== null,
    isDrained: ({ context }) => context.drained,
    isEvicted: ({ context }) => context.remaining.length === 0,
    isEvictedForNobody: ({ context }) => context.remaining.length === 0 && context.unit === null,
    isLeaverGone: ({ context, event }) =>
      event.type === 'model.reported' && event.phase === 'stopped' && context.remaining.includes(event.model),
    isBlocked: ({ context, event }) =>
      event.type === 'model.reported' &&
      isStuck(event) &&
      (context.remaining.includes(event.model) || context.loads.includes(event.model)),
    isUnitReady: ({ context, event }) => isAbout(context, event) && event.phase === 'ready',
    isUnitStopped: ({ context, event }) => isAbout(context, event) && event.phase === 'stopped',
  },
}).createMachine({
  id: 'swap',
  options: { maxIterations: 1_000 },
  context: ({ input }) => ({ ...input, drained: false, remaining: input.leaves, failure: null, coolDownMs: 0 }),
  initial: 'checking',
  on: {
    'swap.cancel': '.cancelled',
    'model.reported': [
      {
        guard: 'isBlocked',
        target: '.failed',
        actions: { type: 'noteFailure', params: ({ event }) => ({ failure: event.failure, coolDownMs: 0 }) },
      },
      { guard: 'isLeaverGone', actions: 'noteGone' },
    ],
  },
  states: {
    checking: {
      invoke: {
        src: 'preflight',
        id: 'preflight',
        input: ({ context }) => ({ loads: context.loads, leaves: context.leaves }),
        onDone: [
          {
            guard: { type: 'isProblemFound', params: ({ event }) => ({ problem: event.output }) },
            target: 'failed',
            actions: { type: 'noteFailure', params: ({ event }) => ({ failure: event.output, coolDownMs: 0 }) },
          },
          { target: 'draining' },
        ],
        onError: {
          target: 'failed',
          actions: {
            type: 'noteFailure',
            params: ({ context }) => ({ failure: brokenPreflight(context.unit), coolDownMs: 0 }),
          },
        },
      },
      on: { 'swap.drained': { actions: 'noteDrained' }, 'swap.forsake': 'cancelled' },
    },
    draining: {
      always: { guard: 'isDrained', target: 'evicting' },
      on: { 'swap.drained': { actions: 'noteDrained' }, 'swap.forsake': 'cancelled' },
    },
    evicting: {
      entry: 'evict',
      always: [
        { guard: 'isEvictedForNobody', target: 'done' },
        { guard: 'isEvicted', target: 'loading' },
      ],
    },
    loading: {
      entry: 'load',
      on: {
        'model.reported': [
          { guard: 'isUnitReady', target: 'done' },
          {
            guard: 'isUnitStopped',
            target: 'failed',
            actions: {
              type: 'noteFailure',
              params: ({ event }) => ({ failure: event.failure, coolDownMs: event.coolDownMs }),
            },
          },
        ],
        'profile.reported': [
          { guard: 'isUnitReady', target: 'done' },
          {
            guard: 'isUnitStopped',
            target: 'failed',
            actions: {
              type: 'noteFailure',
              params: ({ event }) => ({ failure: event.failure, coolDownMs: event.coolDownMs }),
            },
          },
        ],
      },
    },
    done: { entry: { type: 'finish', params: { outcome: 'done' } }, on: { '*': {} } },
    failed: { entry: { type: 'finish', params: { outcome: 'failed' } }, on: { '*': {} } },
    cancelled: { entry: { type: 'finish', params: { outcome: 'cancelled' } }, on: { '*': {} } },
  },
});

type Report = Extract<SwapEvent, { type: 'model.reported' | 'profile.reported' }>;

function isAbout(context: SwapContext, event: { type: string }): event is Report {
  const report = event as SwapEvent;
  if (report.type === 'model.reported') return context.unit === modelActorId(report.model);
  if (report.type === 'profile.reported') return context.unit === profileActorId(report.profile);
  return false;
}

/** The preflight reports what it finds; that it throws is a bug. */
function brokenPreflight(unit: string | null): Failure {
  return {
    code: 'internal',
    message: `the preflight of ${unit ?? 'nothing'} broke`,
    exitCode: null,
    signal: null,
    logTail: [],
    at: 0,
  };
}
