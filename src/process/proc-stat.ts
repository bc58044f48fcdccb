import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** One line of the kernel's process table. */
export interface ProcessStat {
  readonly pid: number;
  /** `R`, `S`, `Z`, … as `/proc` spells it. */
  readonly state: string;
  readonly parent: number;
  readonly group: number;
  /** Clock ticks from boot to the start of the process. */
  readonly startTicks: string;
}

/** Whether the kernel shows its process table as files (Linux). */
export const hasProcfs: boolean = existsSync('/proc/self/stat');

/** @returns null when there is no such process, or no `/proc`. */
export function readStat(pid: number): ProcessStat | null {
  const text = readProc(pid, 'stat')?.toString('latin1');
  if (text === undefined) return null;
  // The second field is the program's name in parentheses and may itself hold spaces and parentheses.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, parent, group] = fields;
  const startTicks = fields[19];
  if (state === undefined || startTicks === undefined) return null;
  return { pid, state, parent: Number(parent), group: Number(group), startTicks };
}

/** A zombie has ended; only its parent has not looked yet. */
export function isRunning(stat: ProcessStat): boolean {
  return stat.state !== 'Z' && stat.state !== 'X';
}

/** Every pid there is now; empty without `/proc`. */
export function allPids(): number[] {
  if (!hasProcfs) return [];
  return readdirSync('/proc').map(Number).filter(Number.isInteger);
}

/** Direct children of every thread of a process; empty when it is gone. */
export function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1').split(' ').filter(Boolean).map(Number),
    );
  } catch {
    // The process is gone, or the kernel was built without these lists.
    return existsSync('/proc/self/task') && !existsSync(`/proc/self/task/${process.pid}/children`)
      ? allPids().filter((other) => readStat(other)?.parent === pid)
      : [];
  }
}

/** The environment a process was started with, as `A=1\0B=2\0`; null when it is not ours to read. */
export function readEnviron(pid: number): Buffer | null {
  return readProc(pid, 'environ') ?? null;
}

/** The same, by name. */
export function readEnvironment(pid: number): Record<string, string> | null {
  const entries = readEnviron(pid)?.toString('utf8').split('\0');
  if (entries === undefined) return null;
  return Object.fromEntries(
    entries.flatMap((entry) => {
      const at = entry.indexOf('=');
      return at > 0 ? [[entry.slice(0, at), entry.slice(at + 1)]] : [];
    }),
  );
}

function readProc(pid: number, file: 'stat' | 'environ'): Buffer | undefined {
  if (!hasProcfs) return undefined;
  try {
    return readFileSync(`/proc/${pid}/${file}`);
  } catch {
    return undefined;
  }
}
