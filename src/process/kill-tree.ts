import { setImmediate as breathe } from 'node:timers/promises';
import treeKill from 'tree-kill';
import { findExecutable } from './executable.ts';
import { signalGroup, signalProcess } from './group.ts';
import { identify, type ProcessIdentity, stillRuns } from './identity.ts';
import { findMarked } from './mark.ts';
import { childrenOf, hasProcfs } from './proc-stat.ts';

/**
 * INVARIANTS
 * - Descendants are collected before anything is killed: afterwards they have lost their parents.
 * - A pid that was collected is killed only if it is still the process that was collected.
 * - The gateway itself is never in the list.
 */

/** How many times a scan is repeated while it still finds processes that were started meanwhile. */
const ROUNDS = 4;
/** Processes looked at before other work gets a turn. */
const SLICE = 32;

/** All descendants that can be reached through their parents; empty without `/proc`. */
export function descendantsOf(pid: number): ProcessIdentity[] {
  if (!hasProcfs) return [];
  const found: ProcessIdentity[] = [];
  const seen = new Set([pid]);
  const queue = [pid];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    for (const child of childrenOf(next)) {
      if (seen.has(child)) continue;
      seen.add(child);
      queue.push(child);
      const identity = identify(child);
      if (identity) found.push(identity);
    }
  }
  return found;
}

/**
 * SIGKILL for a process of ours that has not been reaped yet, its group and every descendant in reach, at once.
 * What only its mark can find is left to {@link killMarked}.
 */
export function killTree(pid: number): void {
  if (!hasProcfs) return killListedTree(pid);
  const descendants = descendantsOf(pid);
  signalGroup(pid, 'SIGKILL');
  killEach(descendants);
  // Once more, for what was forked between the two.
  signalGroup(pid, 'SIGKILL');
}

/** SIGKILL for each process that is still the one it was. */
export function killEach(processes: Iterable<ProcessIdentity>): void {
  for (const identity of processes) {
    if (stillRuns(identity)) signalProcess(identity.pid, 'SIGKILL');
  }
}

/** Processes that carry the mark, looked up in slices so that the event loop goes on. */
export async function collectMarked(mark: string): Promise<ProcessIdentity[]> {
  const found: ProcessIdentity[] = [];
  let looked = 0;
  for (const identity of findMarked(mark)) {
    if (identity) found.push(identity);
    if (++looked % SLICE === 0) await breathe();
  }
  return found;
}

/** SIGKILL for everything that carries the mark, until nothing new turns up. */
export async function killMarked(mark: string): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    const found = await collectMarked(mark);
    if (found.length === 0) return;
    killEach(found);
  }
}

/** The same in one go, for a gateway that is about to exit. */
export function killMarkedSync(mark: string): void {
  for (let round = 0; round < ROUNDS; round++) {
    const found = [...findMarked(mark)].filter((identity) => identity !== null);
    if (found.length === 0) return;
    killEach(found);
  }
}

/** {@link killTree} where there is no `/proc`: asks the system's own lister, in its own time. */
export function killListedTree(pid: number): void {
  const lister = { win32: 'taskkill', darwin: 'pgrep' }[process.platform as string] ?? 'ps';
  // tree-kill listens for no 'error' of the program it asks: a missing one would end the gateway.
  if (findExecutable(lister).path === null) {
    signalGroup(pid, 'SIGKILL');
    return;
  }
  treeKill(pid, 'SIGKILL', () => {
    if (process.platform !== 'win32') signalGroup(pid, 'SIGKILL');
  });
}
