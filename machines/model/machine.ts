import { assign, enqueueActions, fromCallback, fromPromise, sendTo, setup } from 'xstate';
import { coolDownMs } from '../shared/backoff.ts';
import type { Failure } from '../shared/failure.ts';
import { type ModelId, ORCHESTRATOR_ID, type ProfileId } from '../shared/ids.ts';
import type { Phase } from '../shared/phase.ts';
import { tell } from '../shared/tell.ts';
import { bareFailure, crashed, exitedEarly, stuck, unhealthy } from './failures.ts';
import type {
  ModelCommand,
  ModelInput,
  ModelReport,
  ModelTimes,
  ProbeInput,
  ProcessEvent,
  RunnerCommand,
  RunnerInput,
} from './types.ts';

/**
 * The life of one model server. Long for a file, but a chart is read as a whole.
 *
 * INVARIANTS
 * - At most one process: it is started on entry to `starting` only, and `starting` is entered only when none is left.
 * - `stopping` is left only on `process.exited`; nothing else makes a process count as gone.
 * - What a stuck model is asked for it does not remember: it starts for nobody when its process ends at last.
 * - The idle time of a profile stops it only when no other profile holds it.
 * - A command is answered by a report: of the change it causes, or of the phase it finds.
 * - `ready` is told to the owner before a lease can exist, and the idle time runs only while no lease does.
 */

export interface ModelContext {
  readonly id: ModelId;
  readonly times: ModelTimes;
  readonly checksHealth: boolean;
  readonly failure: Failure | null;
  /** Failures in a row; a model that stays ready for a while has none. */
  readonly strikes: number;
  readonly coolDownMs: number;
  /** Asked to become ready while stopping. */
  readonly restart: boolean;
  /** The profiles that want it to stay. */
  readonly heldBy: readonly ProfileId[];
}

/** A ready model whose process lives this long is not in a crash loop. */
const SETTLED_MS = 10_000;
/** SIGKILL takes effect at once unless the process hangs in the kernel. */
const UNKILLABLE_MS = 5_000;
const LONGEST_DELAY_MS = 2 ** 31 - 1;

export const modelMachine = setup({
  types: {
    context: {} as ModelContext,
    events: {} as ModelCommand | ProcessEvent,
    input: {} as ModelInput,
    children: {} as { runner: 'runner'; probe: 'probe'; watchdog: 'watchdog' },
  },
  actors: {
    runner: fromCallback<RunnerCommand, RunnerInput>(() => {}),
    probe: fromPromise<{ at: number }, ProbeInput>(() => new Promise(() => {})),
    /** Resolves when a ready model no longer answers. */
    watchdog: fromPromise<{ at: number }, ProbeInput>(() => new Promise(() => {})),
  },
  actions: {
    report: enqueueActions(({ context, enqueue, system }, params: { phase: Phase }) => {
      const report: ModelReport = {
        type: 'model.reported',
        model: context.id,
        phase: params.phase,
        failure: context.failure,
        coolDownMs: context.coolDownMs,
      };
      tell(enqueue, system, ORCHESTRATOR_ID, report);
    }),
    forget: assign({ failure: null, coolDownMs: 0, restart: false }),
    forgetStrikes: assign({ strikes: 0 }),
    endCoolDown: assign({ coolDownMs: 0 }),
    hold: assign(({ context, event }) => {
      if (event.type !== 'model.hold') return {};
      const others = context.heldBy.filter((profile) => profile !== event.profile);
      return { heldBy: event.held ? [...others, event.profile] : others };
    }),
    configure: assign((_, params: Pick<ModelInput, 'times' | 'checksHealth'>) => params),
    rememberRestart: assign({ restart: true }),
    dropRestart: assign({ restart: false }),
    start: sendTo('runner', { type: 'process.start' }),
    terminate: sendTo('runner', { type: 'process.terminate' }),
    kill: sendTo('runner', { type: 'process.kill' }),
    noteStartFailure: assign(({ context }, params: { failure: Failure }) => ({
      failure: params.failure,
      strikes: context.strikes + 1,
      coolDownMs: coolDownMs(context.strikes + 1),
    })),
    // The first crash of a model that had been ready costs nothing: the next request brings it back.
    noteCrash: assign(({ context }, params: { failure: Failure }) => ({
      failure: params.failure,
      strikes: context.strikes + 1,
      coolDownMs: coolDownMs(context.strikes),
    })),
    noteExit: assign(({ context }, params: { exit: ProcessEvent }) => ({
      failure:
        context.failure && params.exit.type === 'process.exited'
          ? { ...context.failure, logTail: params.exit.logTail, at: params.exit.at }
          : context.failure,
    })),
    noteStuck: assign({ failure: ({ context }) => stuck(context.id) }),
  },
  guards: {
    checksHealth: ({ context }) => context.checksHealth,
    mustCoolDown: ({ context }) => context.coolDownMs > 0,
    isHeldStill: ({ context, event }) =>
      event.type === 'model.stop' && event.reason === 'ttl' && context.heldBy.length > 0,
    mayExpire: ({ context }) => context.times.ttlMs > 0 && context.heldBy.length === 0,
    isForced: ({ event }) => event.type === 'model.ensureReady' && event.force === true,
    isRestartWanted: ({ context }) => context.restart && context.coolDownMs === 0,
  },
  delays: {
    ttl: ({ context }) => (context.times.ttlMs > 0 ? context.times.ttlMs : LONGEST_DELAY_MS),
    coolDown: ({ context }) => context.coolDownMs,
    stopTimeout: ({ context }) => context.times.stopTimeoutMs,
    healthTimeout: ({ context }) => context.times.healthTimeoutMs,
    settled: SETTLED_MS,
    unkillable: UNKILLABLE_MS,
  },
}).createMachine({
  id: 'model',
  options: { maxIterations: 1_000 },
  context: ({ input }) => ({
    id: input.id,
    times: input.times,
    checksHealth: input.checksHealth,
    failure: null,
    strikes: 0,
    coolDownMs: 0,
    restart: false,
    heldBy: [],
  }),
  // Invoked here, not in `starting`: the runner outlives every phase and owns the process in all of them.
  invoke: { src: 'runner', id: 'runner', input: ({ context }) => ({ model: context.id }) },
  initial: 'stopped',
  on: {
    'model.hold': { actions: 'hold' },
    'model.configure': { actions: { type: 'configure', params: ({ event }) => definitionOf(event) } },
  },
  states: {
    stopped: {
      initial: 'deciding',
      entry: { type: 'report', params: { phase: 'stopped' } },
      on: {
        'model.ensureReady': { target: 'starting' },
        'model.stop': { actions: { type: 'report', params: { phase: 'stopped' } } },
        'model.kill': { actions: { type: 'report', params: { phase: 'stopped' } } },
      },
      states: {
        deciding: { always: [{ guard: 'mustCoolDown', target: 'coolingDown' }, { target: 'idle' }] },
        idle: {},
        coolingDown: {
          after: {
            coolDown: { target: 'idle', actions: ['endCoolDown', { type: 'report', params: { phase: 'stopped' } }] },
          },
          on: {
            'model.ensureReady': [
              { guard: 'isForced', target: '#model.starting' },
              { actions: { type: 'report', params: { phase: 'stopped' } } },
            ],
          },
        },
      },
    },
    starting: {
      entry: ['forget', 'start', { type: 'report', params: { phase: 'starting' } }],
      on: {
        'process.spawned': [{ guard: 'checksHealth', target: 'health-checking' }, { target: 'ready' }],
        'process.failed': {
          target: 'stopped',
          actions: { type: 'noteStartFailure', params: ({ event }) => ({ failure: event.failure }) },
        },
        'process.exited': {
          target: 'stopped',
          actions: {
            type: 'noteStartFailure',
            params: ({ context, event }) => ({ failure: exitedEarly(context.id, event) }),
          },
        },
        'model.ensureReady': { actions: { type: 'report', params: { phase: 'starting' } } },
        'model.stop': { target: 'stopping' },
        'model.kill': { target: 'stopping.killing' },
      },
    },
    'health-checking': {
      entry: { type: 'report', params: { phase: 'health-checking' } },
      invoke: {
        src: 'probe',
        id: 'probe',
        input: ({ context }) => ({ model: context.id }),
        onDone: { target: 'ready' },
        onError: {
          target: 'stopping',
          actions: {
            type: 'noteStartFailure',
            params: ({ context }) => ({ failure: bareFailure('internal', `the health probe of ${context.id} broke`) }),
          },
        },
      },
      after: {
        healthTimeout: {
          target: 'stopping',
          actions: {
            type: 'noteStartFailure',
            params: ({ context }) => ({ failure: unhealthy(context.id, context.times.healthTimeoutMs) }),
          },
        },
      },
      on: {
        'process.exited': {
          target: 'stopped',
          actions: {
            type: 'noteStartFailure',
            params: ({ context, event }) => ({ failure: exitedEarly(context.id, event) }),
          },
        },
        'model.ensureReady': { actions: { type: 'report', params: { phase: 'health-checking' } } },
        'model.stop': { target: 'stopping' },
        'model.kill': { target: 'stopping.killing' },
      },
    },
    ready: {
      entry: { type: 'report', params: { phase: 'ready' } },
      initial: 'idle',
      invoke: {
        src: 'watchdog',
        id: 'watchdog',
        input: ({ context }) => ({ model: context.id }),
        onDone: {
          target: 'stopping',
          actions: {
            type: 'noteCrash',
            params: ({ context, event }) => ({
              failure: { ...bareFailure('hung', `${context.id} no longer answers`), at: event.output.at },
            }),
          },
        },
      },
      after: { settled: { actions: 'forgetStrikes' } },
      on: {
        'process.exited': {
          target: 'stopped',
          actions: { type: 'noteCrash', params: ({ context, event }) => ({ failure: crashed(context.id, event) }) },
        },
        'model.ensureReady': { actions: { type: 'report', params: { phase: 'ready' } } },
        'model.stop': [
          { guard: 'isHeldStill', actions: { type: 'report', params: { phase: 'ready' } } },
          { target: 'stopping' },
        ],
        'model.kill': { target: 'stopping.killing' },
      },
      states: {
        idle: {
          after: { ttl: { guard: 'mayExpire', target: '#model.stopping' } },
          on: {
            'model.busy': 'busy',
            // Entered again, so that the idle time starts anew when a profile lets go, or when it has changed.
            'model.hold': { target: 'idle', reenter: true, actions: 'hold' },
            'model.configure': {
              target: 'idle',
              reenter: true,
              actions: { type: 'configure', params: ({ event }) => definitionOf(event) },
            },
          },
        },
        busy: { on: { 'model.idle': 'idle' } },
      },
    },
    stopping: {
      entry: { type: 'report', params: { phase: 'stopping' } },
      initial: 'terminating',
      on: {
        'process.exited': [
          { guard: 'isRestartWanted', target: 'starting' },
          { target: 'stopped', actions: { type: 'noteExit', params: ({ event }) => ({ exit: event }) } },
        ],
        // A start that was called off before anything had been spawned.
        'process.failed': [{ guard: 'isRestartWanted', target: 'starting' }, { target: 'stopped' }],
        'model.ensureReady': { actions: ['rememberRestart', { type: 'report', params: { phase: 'stopping' } }] },
        'model.stop': { actions: ['dropRestart', { type: 'report', params: { phase: 'stopping' } }] },
        'model.kill': { target: '.killing', actions: 'dropRestart' },
      },
      states: {
        terminating: { entry: 'terminate', after: { stopTimeout: 'killing' } },
        killing: { entry: 'kill', after: { unkillable: 'stuck' } },
        stuck: {
          entry: ['noteStuck', 'dropRestart', { type: 'report', params: { phase: 'stopping' } }],
          on: {
            'model.ensureReady': { actions: { type: 'report', params: { phase: 'stopping' } } },
            'model.kill': { actions: ['kill', { type: 'report', params: { phase: 'stopping' } }] },
          },
        },
      },
    },
  },
});

function definitionOf({ times, checksHealth }: Pick<ModelInput, 'times' | 'checksHealth'>) {
  return { times, checksHealth };
}
