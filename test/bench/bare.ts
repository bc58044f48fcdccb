import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { timedRequest } from './request.ts';

/** A model server that the bench runs by itself, to learn what it costs without a gateway. */
export interface BareServer {
  readonly pid: number;
  /** From the spawn to the first 200 of its health endpoint. */
  readonly loadMs: number;
  /** Sends SIGTERM; returns the milliseconds until it was gone. */
  stop(): Promise<number>;
}

const GIVE_UP_MS = 30_000;
const SIGNAL_AGAIN_MS = 1000;

/** Starts a server and asks for its health without a pause worth mentioning. */
export async function startBare(argv: readonly string[], port: number): Promise<BareServer> {
  const [program = '', ...rest] = argv;
  const started = performance.now();
  // The output goes where a gateway's would: into a pipe that is read.
  const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.resume();
  child.stderr.resume();
  try {
    while (!(await isHealthy(port))) {
      if (child.exitCode !== null) throw new Error(`${program} exited with code ${child.exitCode}`);
      if (performance.now() - started > GIVE_UP_MS) throw new Error(`${program} did not become healthy`);
      await delay(1);
    }
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  return { pid: child.pid ?? 0, loadMs: performance.now() - started, stop: () => stop(child) };
}

async function isHealthy(port: number): Promise<boolean> {
  return await timedRequest(`http://127.0.0.1:${port}/health`).then(
    ({ status }) => status === 200,
    () => false,
  );
}

/** A server that has just become healthy may miss a signal, so it is sent again; in the end, one that cannot be missed. */
async function stop(child: ChildProcess): Promise<number> {
  if (child.exitCode !== null || child.signalCode !== null) return 0;
  const started = performance.now();
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  const again = setInterval(() => {
    child.kill(performance.now() - started > GIVE_UP_MS ? 'SIGKILL' : 'SIGTERM');
  }, SIGNAL_AGAIN_MS);
  await exit;
  clearInterval(again);
  return performance.now() - started;
}
