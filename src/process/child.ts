import { type ChildProcess, spawn } from 'node:child_process';
import { basename } from 'node:path';
import type { Readable } from 'node:stream';
import { findExecutable } from './executable.ts';
import { closeOutputChannel, type OutputChannel } from './output-channel.ts';

export interface ChildSpec {
  readonly argv: readonly string[];
  /** The whole environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface ChildExit {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
}

/**
 * What a child tells. Either `failed` alone, or `spawned`, then `exited`, then `drained`; each once. `output` comes at
 * any time between `spawned` and `drained`.
 */
export interface ChildListener {
  spawned(pid: number): void;
  output(chunk: Buffer): void;
  /**
   * The process has ended; the last of its output may still be on the way. A promise, which must not reject, is for those
   * of its group who go on: until it resolves, what they print is output too.
   */
  exited(exit: ChildExit): void | Promise<void>;
  /** All of its output has been seen, or is held back by somebody who outlives it. */
  drained(): void;
  /** It could not be started. One sentence that names the program and nothing else of the command. */
  failed(reason: string): void;
}

/** Where both outputs go: in order into a channel, each into a pipe of its own, or to nobody. */
export type ChildOutput = OutputChannel | 'apart' | 'discarded';

/** How long after the end of a process its output is waited for, when a descendant holds the other end open. */
const HELD_OUTPUT_MS = 20;

/**
 * Starts a program in a process group of its own, without standard input.
 *
 * INVARIANTS
 * - The end of a process is its `exit`; `close` waits for everybody who inherited its output, which can be for ever.
 * - `error` before there is a pid means that no `exit` comes; `error` afterwards means nothing (a signal failed).
 */
export function startChild(spec: ChildSpec, output: ChildOutput, listener: ChildListener): void {
  const channel = typeof output === 'string' ? null : output;
  const [program = '', ...args] = spec.argv;
  const found = findExecutable(program);
  if (found.path === null) {
    closeOutputChannel(channel);
    listener.failed(found.problem);
    return;
  }

  let child: ChildProcess;
  try {
    child = spawn(found.path, args, {
      // The lookup used the gateway's PATH, spawn's own would use the child's; the program still sees its given name.
      ...(process.platform === 'win32' ? {} : { argv0: program }),
      env: spec.env,
      detached: true,
      windowsHide: true,
      stdio: ['ignore', ...outputsOf(output)],
    });
  } catch (error) {
    closeOutputChannel(channel);
    listener.failed(spawnProblem(program, error));
    return;
  }

  const { pid } = child;
  if (pid === undefined) {
    child.once('error', (error) => listener.failed(spawnProblem(program, error)));
    closeOutputChannel(channel);
    return;
  }

  channel?.closeChildEnd();
  child.on('error', () => {});
  const outputs = [channel?.reader ?? null, child.stdout, child.stderr].filter((stream) => stream !== null);
  const drained = Promise.all(outputs.map((stream) => drain(stream, (chunk) => listener.output(chunk))));
  async function end(exit: ChildExit): Promise<void> {
    await listener.exited(exit);
    const held = setTimeout(() => {
      // One more round of reading: a timer that fires late does so before the data that has been there all along.
      setImmediate(() => setImmediate(() => outputs.forEach((stream) => stream.destroy())));
    }, HELD_OUTPUT_MS);
    await drained;
    clearTimeout(held);
    listener.drained();
  }

  child.once('exit', (exitCode, signal) => void end({ exitCode, signal }));
  listener.spawned(pid);
}

function outputsOf(output: ChildOutput): ['pipe', 'pipe'] | ['ignore', 'ignore'] | [number, number] {
  if (output === 'apart') return ['pipe', 'pipe'];
  if (output === 'discarded') return ['ignore', 'ignore'];
  return [output.childEnd, output.childEnd];
}

function drain(stream: Readable, onChunk: (chunk: Buffer) => void): Promise<void> {
  stream.on('data', onChunk);
  stream.on('error', () => {});
  return new Promise((resolve) => {
    stream.once('close', resolve);
  });
}

const PROBLEMS: Readonly<Record<string, string>> = {
  ENOENT: 'was not found',
  EACCES: 'is not executable',
  ENOEXEC: 'is not a program of this system',
  E2BIG: 'cannot be started: its arguments and environment are too long',
  EAGAIN: 'cannot be started: too many processes',
  EMFILE: 'cannot be started: too many open files',
  ENOMEM: 'cannot be started: not enough memory',
};

/** Node's own messages hold the whole path and sometimes an argument. */
function spawnProblem(program: string, error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
  return `the program ${JSON.stringify(basename(program))} ${PROBLEMS[code] ?? `cannot be started (${code})`}`;
}
