import { setTimeout as pause } from 'node:timers/promises';
import { allPids, hasProcfs, isRunning, readStat } from './proc-stat.ts';

/** Our children lead their own process groups; where there are no groups, the process stands for its group. */
const hasGroups = process.platform !== 'win32';
/** Between two looks: at first, at most, and how it grows, so that an end is noticed within a hundredth of the wait. */
const FIRST_POLL_MS = 5;
const LONGEST_POLL_MS = 250;
const POLL_GROWTH = 1.01;

/** @returns false when nobody was there to hear it. */
export function signalGroup(leader: number, signal: NodeJS.Signals): boolean {
  return signalProcess(hasGroups ? -leader : leader, signal);
}

/** @returns false when nobody was there to hear it. */
export function signalProcess(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

/**
 * SIGKILL for what a leader that has just ended leaves in its group. The number stays taken while the group has members,
 * so this cannot hit anybody else.
 */
export function killRestOfGroup(leader: number): void {
  if (hasGroups) signalProcess(-leader, 'SIGKILL');
}

/** Whether anybody in the group still runs; zombies that nobody collects do not count. */
export function groupRuns(leader: number): boolean {
  return memberOf(leader, null) !== null;
}

/** Resolves when nobody in the group runs any more, or when the signal says to wait no longer. */
export async function awaitGroupEnd(leader: number, signal: AbortSignal): Promise<void> {
  let member: number | null = null;
  let delayMs = FIRST_POLL_MS;
  while (!signal.aborted) {
    member = memberOf(leader, member);
    if (member === null) return;
    await pause(delayMs);
    delayMs = Math.min(LONGEST_POLL_MS, delayMs * POLL_GROWTH);
  }
}

/** @param known who was found the last time: as long as one runs, nobody else needs to be looked for. */
function memberOf(leader: number, known: number | null): number | null {
  if (!hasGroups || !signalProcess(-leader, 0)) return null;
  if (!hasProcfs) return leader;
  const runs = (pid: number): boolean => {
    const stat = readStat(pid);
    return stat !== null && stat.group === leader && isRunning(stat);
  };
  return known !== null && runs(known) ? known : (allPids().find(runs) ?? null);
}
