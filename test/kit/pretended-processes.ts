import { fromCallback, fromPromise, type SimulatedClock } from 'xstate';
import type { ProbeInput, ProcessEvent, RunnerCommand, RunnerInput } from '../../machines/model/types.ts';
import type { ModelId } from '../../machines/shared/ids.ts';

export interface PretendedProcess {
  alive: boolean;
  /** Neither SIGTERM nor SIGKILL ends it; `exit` does. */
  unkillable: boolean;
  starts: number;
  /** The last commands the runner got. */
  readonly commands: RunnerCommand['type'][];
  exit(exitCode?: number | null, signal?: string | null): void;
  healthy(): void;
}

export interface Manners {
  /** Exits by itself when told to terminate. */
  readonly obedient: boolean;
  /** Becomes healthy without being told. */
  readonly autoHealthy: boolean;
}

/**
 * The hands of model machines, with processes that are only pretended. A model keeps its process, whoever its actor is.
 *
 * @param started is told of each start
 */
export function createPretendedProcesses(
  clock: SimulatedClock,
  mannersOf: (model: ModelId) => Manners,
  started: (model: ModelId) => void,
) {
  const processes = new Map<ModelId, PretendedProcess>();
  let mostAlive = 0;

  const runner = fromCallback<RunnerCommand, RunnerInput>(({ input: { model }, sendBack, receive }) => {
    const send = (event: ProcessEvent) => sendBack(event);
    const former = processes.get(model);
    const process: PretendedProcess = {
      alive: false,
      unkillable: false,
      starts: former?.starts ?? 0,
      commands: former?.commands ?? [],
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
        process.unkillable = false;
        process.starts++;
        started(model);
        mostAlive = Math.max(mostAlive, [...processes.values()].filter(({ alive }) => alive).length);
        send({ type: 'process.spawned', pid: 1, at: clock.now() });
      } else if (process.unkillable) return;
      else if (command.type === 'process.kill') process.exit(null, 'SIGKILL');
      else if (mannersOf(model).obedient) process.exit(0);
    });
  });

  const probe = fromPromise<{ at: number }, ProbeInput>(
    ({ input: { model } }) =>
      new Promise((resolve) => {
        processes.get(model)!.healthy = () => resolve({ at: clock.now() });
        if (mannersOf(model).autoHealthy) resolve({ at: clock.now() });
      }),
  );

  return { processes, runner, probe, mostAlive: () => mostAlive };
}
