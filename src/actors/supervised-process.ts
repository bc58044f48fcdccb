import type { Failure } from '../../machines/shared/failure.ts';
import type { ModelId } from '../../machines/shared/ids.ts';
import type { ProcessEvent } from '../../machines/model/types.ts';
import { type ChildExit, startChild } from '../process/child.ts';
import { awaitGroupEnd, groupRuns, killRestOfGroup, signalGroup } from '../process/group.ts';
import type { ProcessIdentity } from '../process/identity.ts';
import { descendantsOf, killTree } from '../process/kill-tree.ts';
import { hasProcfs } from '../process/proc-stat.ts';
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
  /** Its group has had a SIGTERM. */
  isAsked: boolean;
  stopCommand: StopCommand | null;
  /** Aborted when nothing is waited for any more. */
  readonly force: AbortController;
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
/** SIGKILL takes effect at once unless a process hangs in the kernel; what has ended by itself is not waited for longer. */
const GONE_AFTER_KILL_MS = 1_000;
const NEVER = new AbortController().signal;

/**
 * INVARIANTS
 * - Each `start` is answered by exactly one `process.exited` or `process.failed`, the former after `process.spawned`.
 * - `process.exited` comes when the process, its whole group and its stop command are gone; what has left the group is
 *   ended in the background and stays in the ledger until then.
 * - All of these have until `kill` to end politely, whichever of them is the first; what a process leaves that ends
 *   without having been told to is killed at once.
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
    const opening = openOutputChannel();
    try {
      const spec = registry.spec(model);
      const problem = await addressProblem(model, parts);
      const channel = await opening;
      if (state !== own || problem) {
        closeOutputChannel(channel);
        if (state === own && problem) fail(problem);
        return;
      }
      launch(spec, channel);
    } catch (error) {
      closeOutputChannel(await opening);
      log.error(`${model}: the start broke: ${(error as Error).message}`);
      if (state === own) fail(failure('internal', `${model} could not be started; the gateway's log says why`));
    }
  }

  function launch(spec: LaunchSpec, channel: OutputChannel | null): void {
    const mark = ledger.newMark();
    const env = { ...process.env, ...spec.env, [MARK_VARIABLE]: mark };
    const sink = parts.output?.(model);
    let running: Running | null = null;

    startChild({ argv: spec.argv, env }, channel ?? 'apart', {
      spawned(pid) {
        const entry = ledger.add(pid, mark, model, spec.stopArgv);
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
        if (!running) return undefined;
        running.exit = exit;
        running.incarnation.closeConnections();
        return awaitRest(running);
      },
      drained() {
        if (running) settle(running, spec);
      },
      failed: (reason) => fail(failure('spawn_failed', `${model} cannot start: ${reason}`)),
    });
  }

  /** Until nobody of its group is left, nor its stop command. */
  async function awaitRest(running: Running): Promise<void> {
    const { pid, force } = running;
    if (running.isStopping) {
      await running.stopCommand?.ended;
      // Whoever is left has heard nothing if the command, or a crash, ended the leader alone.
      if (groupRuns(pid)) askGroup(running);
      await awaitGroupEnd(pid, force.signal);
    }
    killRestOfGroup(pid);
    // Whoever hangs in the kernel holds memory that the next model needs. Elsewhere the dead look like the living.
    const isSure = running.isStopping && hasProcfs;
    await awaitGroupEnd(pid, isSure ? NEVER : AbortSignal.timeout(GONE_AFTER_KILL_MS));
  }

  function settle(running: Running, spec: LaunchSpec): void {
    const { exitCode, signal } = running.exit ?? { exitCode: null, signal: null };
    const redact = createRedactor({ argv: spec.argv, env: running.env });
    const logTail = running.incarnation.lastLines(TAIL_LINES).map(redact);
    registry.end(model, running.incarnation);
    leftovers.sweep(running.entry, running.descendants, running.force.signal.aborted ? 0 : LEFTOVER_GRACE_MS);
    state = IDLE;
    log.info(`${model}: pid ${running.pid} ${signal ? `was killed by ${signal}` : `exited with code ${exitCode}`}`);
    report({ type: 'process.exited', exitCode, signal, logTail, at: Date.now() });
  }

  function cancelPreparation(): void {
    fail(failure('unloaded', `${model} was stopped before its process was started`));
  }

  function askToStop(running: Running): void {
    if (running.exit || running.force.signal.aborted) return;
    const { stopArgv } = registry.runningSpec(model);
    if (stopArgv === null || stopArgv.length === 0) {
      askGroup(running);
      return;
    }
    running.stopCommand = runStopCommand({ argv: stopArgv, env: running.env, pid: running.pid }, (reason) => {
      if (running.exit) return;
      log.warn(`${model}: the stop command failed, ${reason}; sending SIGTERM`);
      askGroup(running);
    });
  }

  /** Once: a llama-server takes a second SIGTERM for a wish to be ended at once. */
  function askGroup(running: Running): void {
    if (!running.isAsked) signalGroup(running.pid, 'SIGTERM');
    running.isAsked = true;
  }

  /** The leader of the group may be gone: a shell around the server hears the first time. */
  function askAgain(running: Running): void {
    const isAwaited = state.at === 'running' && state.running === running && !running.force.signal.aborted;
    if (isAwaited && !running.stopCommand && groupRuns(running.pid)) signalGroup(running.pid, 'SIGTERM');
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
      running.force.abort();
      running.incarnation.end();
      running.stopCommand?.kill();
      if (running.exit) return;
      running.descendants.push(...descendantsOf(running.pid));
      killTree(running.pid);
    },
  };
}

const IDLE: State = { at: 'idle' };

function newRunning(pid: number, entry: LedgerEntry, incarnation: Incarnation, env: NodeJS.ProcessEnv): Running {
  const fresh = { exit: null, isStopping: false, isAsked: false, stopCommand: null, descendants: [] };
  return { pid, entry, incarnation, env, force: new AbortController(), ...fresh };
}
