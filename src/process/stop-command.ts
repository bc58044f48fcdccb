import { startChild } from './child.ts';
import { signalGroup } from './group.ts';

/** A running command that asks a process to stop. */
export interface StopCommand {
  /** Ends it, if it still runs. */
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
  let leader: number | null = null;
  const argv = spec.argv.map((word) => word.replaceAll('${PID}', String(spec.pid)));
  startChild({ argv, env: spec.env }, 'discarded', {
    spawned: (pid) => {
      leader = pid;
    },
    output: () => {},
    exited: ({ exitCode, signal }) => {
      leader = null;
      if (exitCode !== 0) onFailure(signal ? `it was killed by ${signal}` : `it ended with exit code ${exitCode}`);
    },
    drained: () => {},
    failed: onFailure,
  });
  return {
    kill: () => {
      if (leader !== null) signalGroup(leader, 'SIGKILL');
    },
  };
}
