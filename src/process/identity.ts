import { spawnSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { hasProcfs, isRunning, readStat } from './proc-stat.ts';

/**
 * A process that cannot be mistaken for a later one with the same pid.
 *
 * `startToken` says when it was started, in words that only equality makes sense of; null where the system does not
 * tell (Windows). Nothing is ever killed by a pid that comes from the past without its token.
 */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startToken: string | null;
}

/** @returns null when no such process runs. */
export function identify(pid: number): ProcessIdentity | null {
  if (hasProcfs) {
    const stat = readStat(pid);
    return stat && isRunning(stat) ? { pid, startToken: `${machineToken()}:${stat.startTicks}` } : null;
  }
  return exists(pid) ? { pid, startToken: process.platform === 'win32' ? null : askPs(pid) } : null;
}

/** Whether this very process still runs. False when that cannot be known. */
export function stillRuns(identity: ProcessIdentity): boolean {
  return identity.startToken !== null && identify(identity.pid)?.startToken === identity.startToken;
}

/** Whether the machine has not been started anew since the process was. False when that cannot be known. */
export function isOfThisBoot({ startToken }: ProcessIdentity): boolean {
  const boot = bootId();
  return boot !== '' && startToken !== null && startToken.startsWith(`${boot}:`);
}

/** Whether a pid is in use at all. */
export function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

let cachedMachineToken: string | null = null;

/** Ticks count from boot and pids belong to a namespace, so both are part of what a start time means. */
function machineToken(): string {
  cachedMachineToken ??= `${bootId()}:${readOr('', () => readlinkSync('/proc/self/ns/pid'))}`;
  return cachedMachineToken;
}

function bootId(): string {
  return readOr('', () => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim());
}

function readOr(fallback: string, read: () => string): string {
  try {
    return read();
  } catch {
    return fallback;
  }
}

function askPs(pid: number): string | null {
  const result = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' });
  return result.status === 0 ? result.stdout.trim() || null : null;
}
