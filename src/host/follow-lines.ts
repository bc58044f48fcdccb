import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** On top of three ticks: a driver that has gone to sleep takes seconds to wake. Then it hangs. */
const SILENCE_MS = 15_000;

export interface LineLimits {
  /** How long beyond three ticks a program may say nothing of use. */
  readonly silenceMs: number;
}

/**
 * Runs a program that prints for as long as it is watched: asking anew each time would load the driver anew.
 *
 * INVARIANTS
 * - No line comes after the end, and the signal is the end.
 * - A program that says nothing of use for three ticks and a while is killed.
 *
 * @param onLine Gets each line. @returns whether it was of use.
 * @returns Why it ended. Never rejects.
 */
export function followLines(
  command: readonly string[],
  everyMs: number,
  onLine: (line: string) => boolean,
  signal: AbortSignal,
  limits: LineLimits = { silenceMs: SILENCE_MS },
): Promise<string> {
  return new Promise((resolve) => {
    const [program = '', ...args] = command;
    const child: ChildProcess = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'ignore'],
      windowsHide: true,
      signal,
      // Nothing is lost with it, and one that ends its sample first would outlive the gateway.
      killSignal: 'SIGKILL',
    });
    let hasEnded = false;
    const silence = setTimeout(() => child.kill('SIGKILL'), 3 * everyMs + limits.silenceMs).unref();
    // There is no pipe when the process could not be started for want of descriptors.
    if (child.stdout !== null && child.stdout !== undefined) {
      createInterface({ input: child.stdout }).on('line', (line) => {
        if (!hasEnded && onLine(line)) silence.refresh();
      });
    }

    function end(reason: string): void {
      hasEnded = true;
      clearTimeout(silence);
      resolve(reason);
    }
    child.on('error', (error) => end(error.message));
    child.once('close', (code, killedBy) => end(killedBy ?? `exit code ${code}`));
  });
}
