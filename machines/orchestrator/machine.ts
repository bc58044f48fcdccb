import { assign, enqueueActions, type ErrorActorEvent, setup } from 'xstate';
import { modelMachine } from '../model/machine.ts';
import { profileMachine } from '../profile/machine.ts';
import type { Failure } from '../shared/failure.ts';
import { modelActorId, type ModelId, profileActorId, type ProfileId, swapActorId } from '../shared/ids.ts';
import { type Message, tell } from '../shared/tell.ts';
import { swapMachine } from '../swap/machine.ts';
import { decide } from './decide.ts';
import type { Effect } from './effects.ts';
import { initialState, type OrchestratorState } from './state.ts';
import type { Announcement, OrchestratorEvent, Topology } from './types.ts';

/**
 * Owns every model, profile and swap, and the queue. It decides with `decide` and does what the decision says; the
 * states only mark how far a shutdown has come.
 *
 * INVARIANTS
 * - Only this actor spawns models, profiles and swaps, each under the address its id gives.
 * - It halts when every model is stopped, but for those whose process outlives SIGKILL.
 * - A child that ends with an error is replaced; its process is killed through the ledger first.
 */

type ChildError = ErrorActorEvent<unknown, `model:${string}` | `profile:${string}` | `swap:${string}`>;

export const orchestratorMachine = setup({
  types: {
    context: {} as OrchestratorState,
    events: {} as OrchestratorEvent | ChildError,
    emitted: {} as Announcement,
    input: {} as Topology,
  },
  actors: { model: modelMachine, profile: profileMachine, swap: swapMachine },
  actions: {
    /** Ends the process of a model whose actor is gone, if the address is a model's. Provided from outside. */
    killProcessOf: (_args, _params: { address: string }) => {},
    // One assignment, which changes nothing itself, adds all to the children at once; each spawnChild would copy those before.
    spawnAll: assign(({ context, spawn }) => {
      for (const id of context.topology.models.keys()) spawn('model', modelActor(context, id));
      for (const id of context.topology.profiles.keys()) spawn('profile', profileActor(context, id));
      return {};
    }),
    decide: enqueueActions(({ context, event, enqueue, system }) => {
      const { state, effects } = decide(context, event as OrchestratorEvent);
      enqueue.assign(() => state);
      for (const effect of effects) perform(effect);

      function perform(effect: Effect): void {
        switch (effect.kind) {
          case 'announce':
            return enqueue.emit(effect.announcement);
          case 'tellModel':
            return send(modelActorId(effect.model), effect.command);
          case 'tellProfile':
            return send(profileActorId(effect.profile), effect.message);
          case 'tellSwap':
            return enqueue.sendTo(swapActorId(effect.swap), effect.message);
          case 'beginSwap':
            return enqueue.spawnChild('swap', { id: swapActorId(effect.input.number), input: effect.input });
          case 'endSwap':
            return enqueue.stopChild(swapActorId(effect.swap));
          case 'spawnModel':
            return enqueue.spawnChild('model', modelActor(state, effect.model));
          case 'spawnProfile':
            return enqueue.spawnChild('profile', profileActor(state, effect.profile));
          case 'dismiss':
            return enqueue.stopChild(effect.address);
          case 'armOverdue':
            return enqueue.raise(
              { type: 'line.overdue', unit: effect.unit },
              { id: `overdue:${effect.unit}`, delay: effect.delayMs },
            );
          case 'disarmOverdue':
            return enqueue.cancel(`overdue:${effect.unit}`);
        }
      }

      function send(address: string, event: Message): void {
        tell(enqueue, system, address, event);
      }
    }),
    stopEverything: enqueueActions(({ context, enqueue, system }) => {
      for (const model of context.phases.keys()) {
        tell(enqueue, system, modelActorId(model), { type: 'model.stop', reason: 'shutdown' });
      }
    }),
    sayHalted: enqueueActions(({ enqueue }) => enqueue.emit({ type: 'halted' })),
    replaceChild: enqueueActions(({ context, event, enqueue }) => {
      const address = (event as ChildError).actorId;
      const [kind, ...rest] = address.split(':');
      const id = rest.join(':');
      enqueue.stopChild(address);
      if (kind === 'swap') {
        enqueue.raise({
          type: 'swap.finished',
          swap: Number(id),
          outcome: 'failed',
          failure: bug(address),
          coolDownMs: 0,
        });
      } else if (kind === 'profile') {
        if (context.topology.profiles.has(id)) enqueue.spawnChild('profile', profileActor(context, id));
        enqueue.raise({
          type: 'profile.reported',
          profile: id,
          phase: 'stopped',
          failure: bug(address),
          coolDownMs: 0,
        });
      } else {
        if (context.topology.models.has(id)) enqueue.spawnChild('model', modelActor(context, id));
        enqueue.raise({ type: 'model.reported', model: id, phase: 'stopped', failure: bug(address), coolDownMs: 0 });
      }
    }),
  },
  guards: {
    isUnused: ({ context }) => context.leases.size === 0,
    isEverythingStopped: ({ context }) => context.phases.size === context.stuck.size,
  },
  delays: { drainTimeout: ({ context }) => context.topology.drainTimeoutMs },
}).createMachine({
  id: 'orchestrator',
  options: { maxIterations: 1_000 },
  context: ({ input }) => initialState(input),
  entry: 'spawnAll',
  initial: 'running',
  on: {
    'request.submitted': { actions: 'decide' },
    'request.abandoned': { actions: 'decide' },
    'lease.released': { actions: 'decide' },
    'lease.taken': { actions: 'decide' },
    'lease.split': { actions: 'decide' },
    'topology.replaced': { actions: 'decide' },
    'unload.requested': { actions: 'decide' },
    'line.overdue': { actions: 'decide' },
    'model.reported': { actions: 'decide' },
    'profile.reported': { actions: 'decide' },
    'swap.finished': { actions: 'decide' },
    'shutdown.forced': { target: '.stopping', actions: 'decide' },
    'xstate.error.actor.*': {
      actions: [{ type: 'killProcessOf', params: ({ event }) => ({ address: event.actorId }) }, 'replaceChild'],
    },
  },
  states: {
    running: { on: { 'shutdown.requested': { target: 'draining', actions: 'decide' } } },
    draining: {
      always: { guard: 'isUnused', target: 'stopping' },
      after: { drainTimeout: 'stopping' },
    },
    stopping: {
      entry: 'stopEverything',
      always: { guard: 'isEverythingStopped', target: 'halted' },
    },
    halted: { entry: 'sayHalted' },
  },
});

export type OrchestratorMachine = typeof orchestratorMachine;

/** How to spawn the actor of a model that the topology knows. */
function modelActor({ topology }: OrchestratorState, id: ModelId) {
  const address = modelActorId(id);
  const facts = topology.models.get(id);
  if (!facts) throw new Error(`no such model: ${id}`);
  return { id: address, systemId: address, input: { id, times: facts.times, checksHealth: facts.checksHealth } };
}

/** How to spawn the actor of a profile that the topology knows. */
function profileActor({ topology, phases }: OrchestratorState, id: ProfileId) {
  const address = profileActorId(id);
  const facts = topology.profiles.get(id);
  if (!facts) throw new Error(`no such profile: ${id}`);
  return { id: address, systemId: address, input: { id, ...facts, phases } };
}

function bug(address: string): Failure {
  return { code: 'internal', message: `${address} broke`, exitCode: null, signal: null, logTail: [], at: 0 };
}
