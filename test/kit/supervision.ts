import { type Actor, createActor, createMachine } from 'xstate';
import type { ProcessEvent, RunnerCommand } from '../../machines/model/types.ts';
import type { LaunchSpec, ModelRegistry } from '../../src/actors/model-registry.ts';
import { createModelRegistry } from '../../src/actors/model-registry.ts';
import { createProcessRunner } from '../../src/actors/process-runner.ts';
import { startsAlike } from '../../src/config/changed-processes.ts';
import { createLedger, type Ledger } from '../../src/process/ledger.ts';
import { createLeftovers, type Leftovers } from '../../src/process/leftovers.ts';
import { freePort } from './free-port.ts';
import { eventually, fixtureArgv } from './processes.ts';

/** Everything between a model's machine and the operating system, real, with the machine's events to look at. */
export interface Supervision {
  readonly registry: ModelRegistry;
  readonly ledger: Ledger;
  readonly leftovers: Leftovers;
  /** Messages of all levels. */
  readonly messages: string[];
  readonly output: () => string;
  runner(model: string): TestRunner;
  /** Kills what runs, waits for it, and says whether the ledger is empty. */
  close(): Promise<void>;
}

export interface TestRunner {
  readonly events: ProcessEvent[];
  send(command: RunnerCommand['type']): void;
  /** The next event of the type that nobody has waited for yet. */
  next<T extends ProcessEvent['type']>(type: T): Promise<Extract<ProcessEvent, { type: T }>>;
  stop(): void;
}

export type SpecPart = Partial<Omit<LaunchSpec, 'id' | 'upstream'>> & { port?: number; hostname?: string };

export function launchSpec(id: string, part: SpecPart): LaunchSpec {
  const { port = 1, hostname = '127.0.0.1', ...rest } = part;
  return {
    id,
    argv: [],
    isContainer: false,
    stopArgv: null,
    env: {},
    upstream: { url: `http://${hostname}:${port}`, protocol: 'http:', hostname, port, basePath: '' },
    checkEndpoint: '/health',
    timeouts: { connectMs: 0, tlsHandshakeMs: 0, keepAliveMs: 0, responseHeaderMs: 0, idleConnectionMs: 0 },
    ...rest,
  };
}

export function createSupervision(directory: string, models: Record<string, SpecPart>): Supervision {
  const messages: string[] = [];
  const note = (message: string): void => void messages.push(message);
  const log = { debug: note, info: note, warn: note, error: note };
  const registry = createModelRegistry(
    new Map(Object.entries(models).map(([id, part]) => [id, launchSpec(id, part)] as const)),
    startsAlike,
  );
  const ledger = createLedger({ directory, warn: note });
  const leftovers = createLeftovers(ledger);
  const runners: TestRunner[] = [];
  let output = '';
  const parts = {
    registry,
    ledger,
    leftovers,
    log,
    output: () => (chunk: Buffer) => void (output += chunk.toString()),
  };

  return {
    registry,
    ledger,
    leftovers,
    messages,
    output: () => output,
    runner(model) {
      const runner = createTestRunner(createProcessRunner(parts), model);
      runners.push(runner);
      return runner;
    },
    async close() {
      for (const runner of runners) runner.stop();
      ledger.killAll();
      const deadline = performance.now() + 5_000;
      while (ledger.entries().length > 0) {
        if (performance.now() > deadline) throw new Error('the ledger is not empty');
        await leftovers.hurry();
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      ledger.close();
    },
  };
}

/** One model that runs a fixture, started, and which has printed that it listens. */
export async function startFixture(
  directory: string,
  name: string,
  options: Record<string, string> = {},
  part: SpecPart = {},
) {
  const port = await freePort();
  const argv = fixtureArgv(name, { port, ...options });
  const supervision = createSupervision(directory, { a: { port, argv, ...part } });
  const runner = supervision.runner('a');
  runner.send('process.start');
  const { pid } = await runner.next('process.spawned');
  await eventually(() => supervision.output().includes('listening'), `a line of ${name}`);
  return { supervision, runner, pid, port };
}

function createTestRunner(logic: ReturnType<typeof createProcessRunner>, model: string): TestRunner {
  const events: ProcessEvent[] = [];
  const unseen: ProcessEvent[] = [];
  let wake: () => void = () => {};
  const machine = createMachine({
    invoke: { src: logic, id: 'runner', input: { model } },
    on: {
      '*': {
        actions: ({ event }) => {
          events.push(event as ProcessEvent);
          unseen.push(event as ProcessEvent);
          wake();
        },
      },
    },
  });
  const actor: Actor<typeof machine> = createActor(machine).start();

  return {
    events,
    send(type) {
      const runner = actor.getSnapshot().children['runner'];
      (runner as { send(event: RunnerCommand): void }).send({ type });
    },
    async next(type) {
      for (;;) {
        const index = unseen.findIndex((event) => event.type === type);
        const [event] = index === -1 ? [] : unseen.splice(index, 1);
        if (event) return event as never;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    stop: () => void actor.stop(),
  };
}
