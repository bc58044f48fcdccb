import { setTimeout as pause } from 'node:timers/promises';
import type { Failure } from '../../machines/shared/failure.ts';
import type { ModelId } from '../../machines/shared/ids.ts';
import type { ProcessEvent } from '../../machines/model/types.ts';
import { type ChildExit, startChild } from '../process/child.ts';
import { groupRuns, killRestOfGroup, signalGroup } from '../process/group.ts';
import type { ProcessIdentity } from '../process/identity.ts';
import { descendantsOf, killTree } from '../process/kill-tree.ts';
import type { LedgerEntry } from '../process/ledger-file.ts';
import type { Ledger } from '../process/ledger.ts';
import { LEFTOVER_GRACE_MS, type Leftovers } from '../process/leftovers.ts';
import { MARK_VARIABLE } from '../process/mark.ts';
import { closeOutputChannel, openOutputChannel, type OutputChannel } from '../process/output-channel.ts';
import { createRedactor } from '../process/redact.ts';
import { runStopCommand, type StopCommand } from '../process/stop-command.ts';
import type { ActorLog } from './actor-log.ts';
import { addressProblem } from './address-check.ts';
import { failure } from './failures.ts';
import type { Incarnation } from './incarnation.ts';
import type { LaunchSpec, ModelRegistry } from './model-registry.ts';

export interface ProcessParts {
  readonly registry: ModelRegistry;
  readonly ledger: Ledger;
  readonly leftovers: Leftovers;
  readonly log: ActorLog;
  /** Where a process of the model prints to; asked once per process. It must not throw. */
  readonly output?: (model: ModelId) => (chunk: Buffer) => void;
}

/** The process of one model: at most one at a time. */
export interface SupervisedProcess {
  start(): void;
  /** Asks it to end. */
  terminate(): void;
  /** Ends it and everything it has started. */
  kill(): void;
}

interface Running {
  readonly pid: number;
  readonly entry: LedgerEntry;
  readonly incarnation: Incarnation;
  readonly env: NodeJS.ProcessEnv;
  exit: ChildExit | null;
  isStopping: boolean;
  isKilled: boolean;
  stopCommand: StopCommand | null;
  /** Descendants seen while it lived. */
  descendants: ProcessIdentity[];
}

type State =
  | { readonly at: 'idle' }
  | { readonly at: 'preparing' }
  | { readonly at: 'running'; readonly running: Running };

const TAIL_LINES = 10;
/**
 * A llama-server that is told to stop before it has noticed that its clients are gone takes up to a second longer, and
 * now and then does not end at all until it is told again.
 */
const BUSY_PAUSE_MS = 20;
const ASK_AGAIN_MS = 1_500;
/** How long the rest of a group may take to end politely after its leader has. */
const GROUP_GRACE_MS = 1_000;
const GROUP_POLL_MS = 5;

/**
 * INVARIANTS
 * - Each `start` is answered by exactly one `process.exited` or `process.failed`, the former after `process.spawned`.
 * - `process.exited` comes when the process and its whole group are gone; what has left the group is ended in the
 *   background and stays in the ledger until then.
 * - Nothing is spawned after a `terminate` or `kill` that came while a start was being prepared.
 * - The gateway's connections to a process end before it is told to stop.
 */
export function createSupervisedProcess(
  model: ModelId,
  parts: ProcessParts,
  report: (event: ProcessEvent) => void,
): SupervisedProcess {
  const { registry, ledger, leftovers, log } = parts;
  let state: State = IDLE;

  function fail(reason: Failure): void {
    state = IDLE;
    report({ type: 'process.failed', failure: reason });
  }

  async function prepare(own: State): Promise<void> {
    let channel: OutputChannel | null = null;
    try {
      const spec = registry.spec(model);
      const opening = openOutputChannel();
      const problem = await addressProblem(model, parts);
      channel = await opening;
      if (state !== own || problem) {
        closeOutputChannel(channel);
        if (state === own && problem) fail(problem);
        return;
      }
      launch(spec, channel);
    } catch (error) {
      closeOutputChannel(channel);
      log.error(`${model}: the start broke: ${(error as Error).message}`);
      if (state === own) fail(failure('internal', `${model} could not be started; the gateway's log says why`));
    }
  }

  function launch(spec: LaunchSpec, channel: OutputChannel | null): void {
    const mark = ledger.newMark();
    const env = { ...process.env, ...spec.env, [MARK_VARIABLE]: mark };
    const sink = parts.output?.(model);
    let running: Running | null = null;

    startChild({ argv: spec.argv, env }, channel, {
      spawned(pid) {
        const entry = ledger.add(pid, mark, model);
        const incarnation = registry.begin(model, pid, spec);
        running = newRunning(pid, entry, incarnation, env);
        state = { at: 'running', running };
        log.info(`${model}: started, pid ${pid}`);
        report({ type: 'process.spawned', pid, at: Date.now() });
      },
      output(chunk) {
        running?.incarnation.printed(chunk);
        sink?.(chunk);
      },
      exited(exit) {
        if (!running) return;
        running.exit = exit;
        running.incarnation.closeConnections();
        if (!running.isStopping) killRestOfGroup(running.pid);
      },
      drained() {
        if (running) void settle(running, spec);
      },
      failed: (reason) => fail(failure('spawn_failed', `${model} cannot start: ${reason}`)),
    });
  }

  /** Reports the end once nobody of the group is left. */
  async function settle(running: Running, spec: LaunchSpec): Promise<void> {
    await awaitGroup(running);
    const { exitCode, signal } = running.exit ?? { exitCode: null, signal: null };
    const redact = createRedactor({ argv: spec.argv, env: running.env });
    const logTail = running.incarnation.lastLines(TAIL_LINES).map(redact);
    registry.end(model, running.incarnation);
    leftovers.sweep(running.entry, running.descendants, running.isKilled ? 0 : LEFTOVER_GRACE_MS);
    state = IDLE;
    log.info(`${model}: pid ${running.pid} ${signal ? `was killed by ${signal}` : `exited with code ${exitCode}`}`);
    report({ type: 'process.exited', exitCode, signal, logTail, at: Date.now() });
  }

  async function awaitGroup(running: Running): Promise<void> {
    await pollUntil(() => running.isKilled || !groupRuns(running.pid), GROUP_GRACE_MS);
    if (groupRuns(running.pid)) {
      killRestOfGroup(running.pid);
      await pollUntil(() => !groupRuns(running.pid), GROUP_GRACE_MS);
    }
    running.stopCommand?.kill();
  }

  function cancelPreparation(): void {
    fail(failure('unloaded', `${model} was stopped before its process was started`));
  }

  function askToStop(running: Running): void {
    if (running.exit) return;
    const { stopArgv } = registry.runningSpec(model);
    if (stopArgv === null || stopArgv.length === 0) {
      signalGroup(running.pid, 'SIGTERM');
      return;
    }
    running.stopCommand = runStopCommand({ argv: stopArgv, env: running.env, pid: running.pid }, (reason) => {
      log.warn(`${model}: the stop command failed, ${reason}; sending SIGTERM`);
      if (!running.exit) signalGroup(running.pid, 'SIGTERM');
    });
  }

  function askAgain(running: Running): void {
    if (!running.exit && !running.stopCommand) signalGroup(running.pid, 'SIGTERM');
  }

  return {
    start() {
      if (state.at !== 'idle') {
        log.error(`${model}: told to start while there is a process`);
        return;
      }
      state = { at: 'preparing' };
      void prepare(state);
    },
    terminate() {
      if (state.at === 'preparing') cancelPreparation();
      if (state.at !== 'running' || state.running.isStopping) return;
      const { running } = state;
      running.isStopping = true;
      if (running.exit) return;
      running.descendants = descendantsOf(running.pid);
      const hasCutOff = running.incarnation.end();
      if (!hasCutOff) {
        askToStop(running);
        return;
      }
      setTimeout(() => askToStop(running), BUSY_PAUSE_MS);
      setTimeout(() => askAgain(running), ASK_AGAIN_MS).unref();
    },
    kill() {
      if (state.at === 'preparing') cancelPreparation();
      if (state.at !== 'running') return;
      const { running } = state;
      running.isStopping = true;
      running.isKilled = true;
      running.incarnation.end();
      running.stopCommand?.kill();
      if (running.exit) return;
      running.descendants.push(...descendantsOf(running.pid));
      killTree(running.pid);
    },
  };
}

const IDLE: State = { at: 'idle' };

async function pollUntil(condition: () => boolean, limitMs: number): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!condition() && performance.now() < deadline) await pause(GROUP_POLL_MS);
}

function newRunning(pid: number, entry: LedgerEntry, incarnation: Incarnation, env: NodeJS.ProcessEnv): Running {
  const fresh = { exit: null, isStopping: false, isKilled: false, stopCommand: null, descendants: [] };
  return { pid, entry, incarnation, env, ...fresh };
}
