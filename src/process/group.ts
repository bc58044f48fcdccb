import { allPids, hasProcfs, isRunning, readStat } from './proc-stat.ts';

/** Our children lead their own process groups; where there are no groups, the process stands for its group. */
const hasGroups = process.platform !== 'win32';

/** @returns false when nobody was there to hear it. */
export function signalGroup(leader: number, signal: NodeJS.Signals): boolean {
  return signalProcess(hasGroups ? -leader : leader, signal);
}

/** @returns false when nobody was there to hear it. */
export function signalProcess(pid: number, signal: NodeJS.Signals): boolean {
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
  if (!hasGroups) return false;
  try {
    process.kill(-leader, 0);
  } catch {
    return false;
  }
  if (!hasProcfs) return true;
  return allPids().some((pid) => {
    const stat = readStat(pid);
    return stat !== null && stat.group === leader && isRunning(stat);
  });
}
