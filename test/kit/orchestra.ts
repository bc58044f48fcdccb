import { type Actor, createActor, fromCallback, fromPromise, SimulatedClock } from 'xstate';
import { modelMachine } from '../../machines/model/machine.ts';
import type { ProbeInput, ProcessEvent, RunnerCommand, RunnerInput } from '../../machines/model/types.ts';
import type { PolicyRules } from '../../machines/orchestrator/policies/policy.ts';
import { orchestratorMachine, type OrchestratorMachine } from '../../machines/orchestrator/machine.ts';
import type { Refusal, Ticket } from '../../machines/orchestrator/types.ts';
import type { Failure } from '../../machines/shared/failure.ts';
import { type ModelId, ORCHESTRATOR_ID, type UnitId } from '../../machines/shared/ids.ts';
import type { Phase } from '../../machines/shared/phase.ts';
import { swapMachine } from '../../machines/swap/machine.ts';
import type { PreflightInput } from '../../machines/swap/types.ts';

/** The whole orchestrator with pretended processes and a clock that is moved by hand. */
export interface Orchestra {
  readonly actor: Actor<OrchestratorMachine>;
  readonly clock: SimulatedClock;
  /** Every pretended process, by model; alive or not. */
  readonly processes: Map<ModelId, PretendedProcess>;
  /** `model phase` in the order reported. */
  readonly changes: string[];
  /** The largest number of pretended processes alive at once. */
  readonly mostAlive: () => number;
  readonly granted: Ticket[];
  /** Models that may be used without a ticket, as announced. */
  readonly openGates: Set<ModelId>;
  readonly refused: { ticket: Ticket; refusal: Refusal }[];
  /** Failures the preflight reports, by model. */
  readonly preflightFailures: Map<ModelId, Failure>;
  submit(unit: UnitId, model?: ModelId, options?: { force?: boolean; patient?: boolean }): number;
  abandon(ticket: number, unit: UnitId): void;
  release(model: ModelId): void;
  /** Uses a standing permission. */
  take(model: ModelId): void;
  /** The same configuration again, in which these models have changed. */
  reload(stale: readonly ModelId[]): void;
  phase(model: ModelId): Phase;
  healthy(model: ModelId): Promise<void>;
  /** Moves the clock in small steps, letting promises settle in between. */
  advance(ms: number, step?: number): Promise<void>;
  halted(): boolean;
  stop(): void;
}

interface PretendedProcess {
  alive: boolean;
  starts: number;
  /** The last commands the runner got. */
  readonly commands: RunnerCommand['type'][];
  exit(exitCode?: number | null, signal?: string | null): void;
  healthy(): void;
}

export interface OrchestraOptions {
  readonly policy?: PolicyRules;
  readonly models?: Record<ModelId, Partial<ModelOptions>>;
  readonly profiles?: Record<string, ModelId[]>;
  readonly profileTtlMs?: number;
  readonly maxWaitMs?: number;
  readonly maxQueue?: number;
  readonly drainTimeoutMs?: number;
}

interface ModelOptions {
  ttlMs: number;
  stopTimeoutMs: number;
  healthTimeoutMs: number;
  checksHealth: boolean;
  concurrencyLimit: number | null;
  priority: number;
  /** Exits by itself when told to terminate. */
  obedient: boolean;
  /** Becomes healthy without being told. */
  autoHealthy: boolean;
}

const DEFAULTS: ModelOptions = {
  ttlMs: 0,
  stopTimeoutMs: 10_000,
  healthTimeoutMs: 120_000,
  checksHealth: true,
  concurrencyLimit: null,
  priority: 0,
  obedient: true,
  autoHealthy: true,
};

/** Lets every promise that can settle do so. */
export const settled = () => new Promise<void>((resolve) => void setImmediate(resolve));

export function createOrchestra(options: OrchestraOptions = {}): Orchestra {
  const modelOptions = new Map(
    Object.entries(options.models ?? { a: {}, b: {}, c: {} }).map(([id, own]) => [id, { ...DEFAULTS, ...own }]),
  );
  const clock = new SimulatedClock();
  const processes = new Map<ModelId, PretendedProcess>();
  const preflightFailures = new Map<ModelId, Failure>();
  const changes: string[] = [];
  const granted: Ticket[] = [];
  const refused: { ticket: Ticket; refusal: Refusal }[] = [];
  const phases = new Map<ModelId, Phase>();
  const openGates = new Set<ModelId>();
  let mostAlive = 0;
  let isHalted = false;
  let lastTicket = 0;

  const runner = fromCallback<RunnerCommand, RunnerInput>(({ input: { model }, sendBack, receive }) => {
    const own = modelOptions.get(model)!;
    const send = (event: ProcessEvent) => sendBack(event);
    const process: PretendedProcess = {
      alive: false,
      starts: 0,
      commands: [],
      exit(exitCode = 0, signal = null) {
        if (!process.alive) return;
        process.alive = false;
        send({ type: 'process.exited', exitCode, signal, logTail: ['last words'], at: clock.now() });
      },
      healthy: () => {},
    };
    processes.set(model, process);
    receive((command) => {
      process.commands.push(command.type);
      if (command.type === 'process.start') {
        process.alive = true;
        process.starts++;
        mostAlive = Math.max(mostAlive, [...processes.values()].filter(({ alive }) => alive).length);
        send({ type: 'process.spawned', pid: 1, at: clock.now() });
      } else if (command.type === 'process.kill') process.exit(null, 'SIGKILL');
      else if (own.obedient) process.exit(0);
    });
  });

  const probe = fromPromise<{ at: number }, ProbeInput>(
    ({ input: { model } }) =>
      new Promise((resolve) => {
        processes.get(model)!.healthy = () => resolve({ at: clock.now() });
        if (modelOptions.get(model)!.autoHealthy) resolve({ at: clock.now() });
      }),
  );

  const preflight = fromPromise<Failure | null, PreflightInput>(
    async ({ input }) => input.loads.map((model) => preflightFailures.get(model)).find((failure) => failure) ?? null,
  );

  const actor = createActor(
    orchestratorMachine.provide({
      actors: {
        model: modelMachine.provide({ actors: { runner, probe } }),
        swap: swapMachine.provide({ actors: { preflight } }),
      },
    }),
    {
      clock,
      systemId: ORCHESTRATOR_ID,
      input: {
        policy: options.policy ?? { kind: 'exclusive' },
        models: new Map(
          [...modelOptions].map(([id, own]) => {
            const { ttlMs, stopTimeoutMs, healthTimeoutMs, checksHealth, concurrencyLimit, priority } = own;
            const times = { ttlMs, stopTimeoutMs, healthTimeoutMs };
            return [id, { times, checksHealth, concurrencyLimit, priority }];
          }),
        ),
        profiles: new Map(
          Object.entries(options.profiles ?? {}).map(([id, members]) => [
            id,
            { members, ttlMs: options.profileTtlMs ?? 0 },
          ]),
        ),
        maxWaitMs: options.maxWaitMs ?? 60_000,
        maxQueue: options.maxQueue ?? 1_000,
        drainTimeoutMs: options.drainTimeoutMs ?? 30_000,
      },
    },
  );
  actor.on('tickets.granted', ({ tickets }) => void granted.push(...tickets));
  actor.on(
    'tickets.refused',
    ({ tickets, refusal }) => void refused.push(...tickets.map((ticket) => ({ ticket, refusal }))),
  );
  actor.on('model.changed', ({ report: { model, phase } }) => {
    if (phases.get(model) !== phase) changes.push(`${model} ${phase}`);
    phases.set(model, phase);
  });
  actor.on('gate.opened', ({ model }) => void openGates.add(model));
  actor.on('gate.closed', ({ model }) => void openGates.delete(model));
  actor.on('halted', () => void (isHalted = true));
  actor.start();
  changes.length = 0;

  return {
    actor,
    clock,
    processes,
    changes,
    granted,
    openGates,
    refused,
    preflightFailures,
    mostAlive: () => mostAlive,
    submit(unit, model = unit.slice(unit.indexOf(':') + 1), { force = false, patient = false } = {}) {
      const id = ++lastTicket;
      actor.send({ type: 'request.submitted', ticket: { id, unit, model, at: clock.now(), force, patient } });
      return id;
    },
    abandon: (ticket, unit) => actor.send({ type: 'request.abandoned', ticket, unit, at: clock.now() }),
    release: (model) => actor.send({ type: 'lease.released', model, at: clock.now() }),
    take: (model) => actor.send({ type: 'lease.taken', model, at: clock.now() }),
    reload: (stale) => actor.send({ type: 'topology.replaced', topology: actor.getSnapshot().context.topology, stale }),
    phase: (model) => phases.get(model) ?? 'stopped',
    async healthy(model) {
      processes.get(model)!.healthy();
      await settled();
    },
    async advance(ms, step = 100) {
      for (let passed = 0; passed < ms; passed += step) {
        clock.increment(Math.min(step, ms - passed));
        await settled();
      }
    },
    halted: () => isHalted,
    stop: () => void actor.stop(),
  };
}
