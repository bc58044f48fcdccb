import { assign, enqueueActions, setup } from 'xstate';
import { isStuck } from '../model/failures.ts';
import type { StopReason } from '../model/types.ts';
import type { Failure } from '../shared/failure.ts';
import { type ModelId, modelActorId, ORCHESTRATOR_ID, type ProfileId } from '../shared/ids.ts';
import type { Phase } from '../shared/phase.ts';
import { tell } from '../shared/tell.ts';
import type { ProfileEvent, ProfileInput, ProfileReport } from './types.ts';

/**
 * Models that live together. A profile owns no process: it tells its members what it wants and is told their phases.
 *
 * INVARIANTS
 * - `ready` only while every member is; the first member that leaves `ready` takes the profile with it.
 * - Members are held (their own idle time does not count) exactly while the profile is wanted.
 * - Told to stop as a whole, it has stopped when each member has gone once, whatever that does afterwards, or stays since
 *   another profile holds it.
 * - A profile that comes apart by itself lets its other members go, it does not stop them: they may be serving.
 */

export interface ProfileContext {
  readonly id: ProfileId;
  readonly members: readonly ModelId[];
  readonly ttlMs: number;
  readonly phases: Readonly<Record<ModelId, Phase>>;
  readonly failure: Failure | null;
  readonly coolDownMs: number;
  /** Since it was told to stop as a whole: the members that are still to go; null while it comes apart by itself. */
  readonly leaving: readonly ModelId[] | null;
}

const LONGEST_DELAY_MS = 2 ** 31 - 1;

export const profileMachine = setup({
  types: { context: {} as ProfileContext, events: {} as ProfileEvent, input: {} as ProfileInput },
  actions: {
    report: enqueueActions(({ context, enqueue, system }, params: { phase: Phase }) => {
      const report: ProfileReport = {
        type: 'profile.reported',
        profile: context.id,
        phase: params.phase,
        failure: context.failure,
        coolDownMs: context.coolDownMs,
      };
      tell(enqueue, system, ORCHESTRATOR_ID, report);
    }),
    note: assign(({ context, event }) => {
      if (event.type !== 'model.reported') return {};
      const { model, phase } = event;
      return {
        phases: { ...context.phases, [model]: phase },
        leaving: context.leaving?.filter((member) => phase === 'stopping' || member !== model) ?? null,
      };
    }),
    noteFailure: assign(({ event }) =>
      event.type === 'model.reported' ? { failure: event.failure, coolDownMs: event.coolDownMs } : {},
    ),
    configure: assign(({ event }) => (event.type === 'profile.configure' ? { ttlMs: event.ttlMs } : {})),
    forget: assign({ failure: null, coolDownMs: 0, leaving: null }),
    dismiss: assign({
      leaving: ({ context }) => context.members.filter((member) => phaseOf(context, member) !== 'stopped'),
    }),
    gather: enqueueActions(({ context, enqueue, system }, params: { force: boolean }) => {
      for (const member of context.members) {
        tell(enqueue, system, modelActorId(member), { type: 'model.hold', profile: context.id, held: true });
        tell(enqueue, system, modelActorId(member), { type: 'model.ensureReady', force: params.force });
      }
    }),
    letGo: enqueueActions(({ context, enqueue, system }) => {
      for (const member of context.members) {
        tell(enqueue, system, modelActorId(member), { type: 'model.hold', profile: context.id, held: false });
      }
    }),
    stopMembers: enqueueActions(({ context, enqueue, system }, params: { reason: StopReason }) => {
      for (const member of context.members) {
        tell(enqueue, system, modelActorId(member), { type: 'model.stop', reason: params.reason });
      }
    }),
  },
  guards: {
    areAllReady: ({ context }) => everyMember(context, (phase) => phase === 'ready'),
    areAllRunning: ({ context }) => everyMember(context, (phase) => phase === 'health-checking' || phase === 'ready'),
    isOneMissing: ({ context }) => !everyMember(context, (phase) => phase === 'ready'),
    hasMemberFailed: ({ event }) => event.type === 'model.reported' && (event.phase === 'stopped' || isStuck(event)),
    isGone: ({ context }) =>
      context.leaving ? context.leaving.length === 0 : everyMember(context, (phase) => phase !== 'stopping'),
    mayExpire: ({ context }) => context.ttlMs > 0,
  },
  delays: { ttl: ({ context }) => (context.ttlMs > 0 ? context.ttlMs : LONGEST_DELAY_MS) },
}).createMachine({
  id: 'profile',
  options: { maxIterations: 1_000 },
  context: ({ input }) => ({
    id: input.id,
    members: input.members,
    ttlMs: input.ttlMs,
    phases: Object.fromEntries(
      input.members.map((member) => [member, input.phases.get(member) ?? ('stopped' as const)]),
    ),
    failure: null,
    coolDownMs: 0,
    leaving: null,
  }),
  initial: 'stopped',
  on: { 'profile.configure': { actions: 'configure' } },
  states: {
    stopped: {
      entry: ['letGo', { type: 'report', params: { phase: 'stopped' } }],
      on: {
        'model.reported': { actions: 'note' },
        'profile.ensureReady': {
          target: 'starting',
          actions: ['forget', { type: 'gather', params: ({ event }) => ({ force: event.force === true }) }],
        },
        'profile.stop': { actions: { type: 'report', params: { phase: 'stopped' } } },
      },
    },
    starting: {
      entry: { type: 'report', params: { phase: 'starting' } },
      always: [
        { guard: 'areAllReady', target: 'ready' },
        { guard: 'areAllRunning', target: 'health-checking' },
      ],
      on: {
        'model.reported': [
          { guard: 'hasMemberFailed', target: 'stopped', actions: ['note', 'noteFailure'] },
          { actions: 'note' },
        ],
        'profile.ensureReady': { actions: { type: 'report', params: { phase: 'starting' } } },
        'profile.stop': {
          target: 'stopping',
          actions: ['dismiss', { type: 'stopMembers', params: ({ event }) => ({ reason: event.reason }) }],
        },
      },
    },
    'health-checking': {
      entry: { type: 'report', params: { phase: 'health-checking' } },
      always: { guard: 'areAllReady', target: 'ready' },
      on: {
        'model.reported': [
          { guard: 'hasMemberFailed', target: 'stopped', actions: ['note', 'noteFailure'] },
          { actions: 'note' },
        ],
        'profile.ensureReady': { actions: { type: 'report', params: { phase: 'health-checking' } } },
        'profile.stop': {
          target: 'stopping',
          actions: ['dismiss', { type: 'stopMembers', params: ({ event }) => ({ reason: event.reason }) }],
        },
      },
    },
    ready: {
      entry: { type: 'report', params: { phase: 'ready' } },
      always: { guard: 'isOneMissing', target: 'stopping' },
      initial: 'idle',
      on: {
        'model.reported': { actions: ['note', 'noteFailure'] },
        'profile.ensureReady': { actions: { type: 'report', params: { phase: 'ready' } } },
        'profile.stop': {
          target: 'stopping',
          actions: ['dismiss', { type: 'stopMembers', params: ({ event }) => ({ reason: event.reason }) }],
        },
      },
      states: {
        idle: {
          after: {
            ttl: {
              guard: 'mayExpire',
              target: '#profile.stopping',
              // Let go of first, so that they stop unless somebody else holds them.
              actions: ['dismiss', 'letGo', { type: 'stopMembers', params: { reason: 'ttl' } }],
            },
          },
          on: {
            'profile.busy': 'busy',
            // Entered again, so that the idle time starts anew.
            'profile.configure': { target: 'idle', reenter: true, actions: 'configure' },
          },
        },
        busy: { on: { 'profile.idle': 'idle' } },
      },
    },
    stopping: {
      entry: ['letGo', { type: 'report', params: { phase: 'stopping' } }],
      on: {
        'model.reported': { actions: 'note' },
        // The members remember by themselves that they are wanted again.
        'profile.ensureReady': {
          target: 'starting',
          actions: ['forget', { type: 'gather', params: ({ event }) => ({ force: event.force === true }) }],
        },
        'profile.stop': {
          actions: ['dismiss', { type: 'stopMembers', params: ({ event }) => ({ reason: event.reason }) }],
        },
      },
      always: { guard: 'isGone', target: 'stopped' },
    },
  },
});

function everyMember(context: ProfileContext, holds: (phase: Phase) => boolean): boolean {
  return context.members.every((member) => holds(phaseOf(context, member)));
}

function phaseOf({ phases }: ProfileContext, member: ModelId): Phase {
  return phases[member] ?? 'stopped';
}
