import { startChild } from './child.ts';
import { signalGroup } from './group.ts';

/** A running command that asks a process to stop. */
export interface StopCommand {
  /** Resolves when it has ended, or has been given up. Never rejects. */
  readonly ended: Promise<void>;
  /** Gives it up: ends it, if it still runs. That is no failure of it. */
  kill(): void;
}

/**
 * Runs the command that replaces SIGTERM, with `${PID}` in its words replaced. Its output is discarded.
 *
 * @param onFailure called once, with one sentence, when it cannot be started or ends with anything but exit code 0.
 */
export function runStopCommand(
  spec: { argv: readonly string[]; env: Readonly<Record<string, string | undefined>>; pid: number },
  onFailure: (reason: string) => void,
): StopCommand {
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  let leader: number | null = null;
  let isGivenUp = false;

  function fail(reason: string): void {
    if (!isGivenUp) onFailure(reason);
  }

  const argv = spec.argv.map((word) => word.replaceAll('${PID}', String(spec.pid)));
  startChild({ argv, env: spec.env }, 'discarded', {
    spawned: (pid) => {
      leader = pid;
    },
    output: () => {},
    exited: ({ exitCode, signal }) => {
      leader = null;
      if (exitCode !== 0) fail(signal ? `it was killed by ${signal}` : `it ended with exit code ${exitCode}`);
      end();
    },
    drained: () => {},
    failed: (reason) => {
      fail(reason);
      end();
    },
  });
  return {
    ended,
    kill: () => {
      isGivenUp = true;
      if (leader !== null) signalGroup(leader, 'SIGKILL');
      end();
    },
  };
}
