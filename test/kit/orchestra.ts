import { type Actor, createActor, fromPromise, SimulatedClock } from 'xstate';
import { modelMachine } from '../../machines/model/machine.ts';
import type { PolicyRules } from '../../machines/orchestrator/policies/policy.ts';
import { orchestratorMachine, type OrchestratorMachine } from '../../machines/orchestrator/machine.ts';
import type { Refusal, Ticket, Topology } from '../../machines/orchestrator/types.ts';
import type { Failure } from '../../machines/shared/failure.ts';
import { type ModelId, ORCHESTRATOR_ID, type UnitId } from '../../machines/shared/ids.ts';
import type { Phase } from '../../machines/shared/phase.ts';
import { swapMachine } from '../../machines/swap/machine.ts';
import type { PreflightInput } from '../../machines/swap/types.ts';
import { createPretendedProcesses, type Manners, type PretendedProcess } from './pretended-processes.ts';

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
  /** The configuration again, with changes, if any. The processes of the models named were started by the former one. */
  reload(stale: readonly ModelId[], change?: OrchestraOptions): void;
  phase(model: ModelId): Phase;
  healthy(model: ModelId): Promise<void>;
  /** Moves the clock in small steps, letting promises settle in between. */
  advance(ms: number, step?: number): Promise<void>;
  halted(): boolean;
  /** What must never happen and has: a grant without a process, a start for nobody, reports without end. */
  readonly faults: readonly string[];
  /** Ends it. Throws when anything has happened that must not. */
  stop(): void;
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

interface ModelOptions extends Manners {
  readonly ttlMs: number;
  readonly stopTimeoutMs: number;
  readonly healthTimeoutMs: number;
  readonly checksHealth: boolean;
  readonly concurrencyLimit: number | null;
  readonly priority: number;
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

/** More reports than any life needs, as long as no time passes. */
const ENDLESS = 1_000;

export function createOrchestra(options: OrchestraOptions = {}): Orchestra {
  let present: OrchestraOptions = { models: { a: {}, b: {}, c: {} }, ...options };
  const manners = new Map<ModelId, Manners>();
  const clock = new SimulatedClock();
  const { processes, mostAlive, runner, probe } = createPretendedProcesses(
    clock,
    (model) => manners.get(model)!,
    (model) => {
      const isLoaded = actor.getSnapshot().context.swaps.some(({ loads }) => loads.includes(model));
      if (!isLoaded) faults.push(`${model} was started, but nobody loads it`);
    },
  );
  const preflightFailures = new Map<ModelId, Failure>();
  const changes: string[] = [];
  const granted: Ticket[] = [];
  const refused: { ticket: Ticket; refusal: Refusal }[] = [];
  const phases = new Map<ModelId, Phase>();
  const openGates = new Set<ModelId>();
  const faults: string[] = [];
  let isHalted = false;
  let lastTicket = 0;
  let reports = { at: 0, count: 0 };

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
      input: configure({}),
    },
  );
  actor.on('tickets.granted', ({ tickets }) => {
    granted.push(...tickets);
    for (const { id, model } of tickets) {
      const phase = phases.get(model) ?? 'stopped';
      if (phase !== 'ready') faults.push(`ticket ${id} was granted while ${model} was ${phase}`);
    }
  });
  actor.on(
    'tickets.refused',
    ({ tickets, refusal }) => void refused.push(...tickets.map((ticket) => ({ ticket, refusal }))),
  );
  actor.on('model.changed', ({ report: { model, phase } }) => {
    if (phases.get(model) !== phase) changes.push(`${model} ${phase}`);
    phases.set(model, phase);
    reports = reports.at === clock.now() ? { ...reports, count: reports.count + 1 } : { at: clock.now(), count: 1 };
    if (reports.count < ENDLESS) return;
    faults.push(`${model} is ${phase}, and that is reported without end`);
    // Nothing else would ever get a turn again.
    actor.stop();
  });
  actor.on('gate.opened', ({ model }) => void openGates.add(model));
  actor.on('gate.closed', ({ model }) => void openGates.delete(model));
  actor.on('halted', () => void (isHalted = true));
  actor.start();
  changes.length = 0;

  function configure(change: OrchestraOptions): Topology {
    present = { ...present, ...change };
    for (const [id, own] of Object.entries(present.models ?? {})) manners.set(id, { ...DEFAULTS, ...own });
    return toTopology(present);
  }

  return {
    actor,
    clock,
    processes,
    changes,
    granted,
    openGates,
    refused,
    preflightFailures,
    mostAlive,
    submit(unit, model = unit.slice(unit.indexOf(':') + 1), { force = false, patient = false } = {}) {
      const id = ++lastTicket;
      actor.send({ type: 'request.submitted', ticket: { id, unit, model, at: clock.now(), force, patient } });
      return id;
    },
    abandon: (ticket, unit) => actor.send({ type: 'request.abandoned', ticket, unit, at: clock.now() }),
    release: (model) => actor.send({ type: 'lease.released', model, at: clock.now() }),
    take: (model) => actor.send({ type: 'lease.taken', model, at: clock.now() }),
    reload: (stale, change = {}) => actor.send({ type: 'topology.replaced', topology: configure(change), stale }),
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
    faults,
    stop() {
      actor.stop();
      if (faults.length > 0) throw new Error(faults.join('; '));
    },
  };
}

function toTopology({ models = {}, profiles = {}, profileTtlMs = 0, ...rest }: OrchestraOptions): Topology {
  return {
    policy: { kind: 'exclusive' },
    maxWaitMs: 60_000,
    maxQueue: 1_000,
    drainTimeoutMs: 30_000,
    ...rest,
    models: new Map(
      Object.entries(models).map(([id, own]) => {
        const { checksHealth, concurrencyLimit, priority, ...options } = { ...DEFAULTS, ...own };
        const { ttlMs, stopTimeoutMs, healthTimeoutMs } = options;
        return [id, { times: { ttlMs, stopTimeoutMs, healthTimeoutMs }, checksHealth, concurrencyLimit, priority }];
      }),
    ),
    profiles: new Map(Object.entries(profiles).map(([id, members]) => [id, { members, ttlMs: profileTtlMs }])),
  };
}
