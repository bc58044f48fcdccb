import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
// Marks what is started, so that `assertNoProcessLeft` finds it.
import './processes.ts';

const LAUNCHER = fileURLToPath(new URL('../../src/launcher.js', import.meta.url));

/** The whole program as a user runs it. */
export interface Program {
  readonly pid: number;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Waits for text in standard output or error; rejects with everything printed when the program ends before. */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
  /** Where it listens, once it does. */
  readonly url: () => Promise<string>;
  signal(name: NodeJS.Signals): void;
  /** Resolves with the exit code, or the name of the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  /** Stops reading what it prints, as a pipe's reader that has left. */
  stopReading(): void;
}

/**
 * @param options.node Options for node itself, before the launcher.
 * @param options.launcher What is run; the sources unless told otherwise.
 */
export function runProgram(
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv; node?: readonly string[]; launcher?: string } = {},
): Program {
  const child = spawn(process.execPath, [...(options.node ?? []), options.launcher ?? LAUNCHER, ...args], {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals);

  async function printed(pattern: RegExp): Promise<RegExpExecArray> {
    let over = false;
    void ended.then(() => (over = true));
    for (;;) {
      const match = pattern.exec(stdout) ?? pattern.exec(stderr);
      if (match !== null) return match;
      if (over) throw new Error(`it ended without ${String(pattern)}:\n${stdout}\n${stderr}`);
      await Promise.race([once(child.stdout, 'data'), once(child.stderr, 'data'), ended]);
    }
  }

  return {
    pid: child.pid ?? 0,
    stdout: () => stdout,
    stderr: () => stderr,
    printed,
    url: async () => (await printed(/listens on (https?:\/\/\S+)/))[1] ?? '',
    signal: (name) => void child.kill(name),
    ended,
    stopReading() {
      child.stdout.destroy();
      child.stderr.destroy();
    },
  };
}
