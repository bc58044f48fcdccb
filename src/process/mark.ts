import { randomBytes } from 'node:crypto';
import { allPids, readEnviron } from './proc-stat.ts';
import { identify, type ProcessIdentity } from './identity.ts';

/**
 * Every process we start carries a mark in its environment and hands it to its descendants. It is the only trace of a
 * descendant that left its process group and whose parents are gone.
 */
export const MARK_VARIABLE = 'LLAMA_SWAP_PROCESS';

const MARKED = new RegExp(`(?:^|\\0)${MARK_VARIABLE}=([0-9a-f]{16})\\.\\d+(?:\\0|$)`);

/** A mark for a whole gateway; `<mark>.<n>` marks one of its processes. */
export function createMark(): string {
  return randomBytes(8).toString('hex');
}

/**
 * Looks at one process per step, so that a caller can pause: yields a process that carries the mark, or null.
 *
 * @param mark of one process, or of a gateway to find all its processes.
 */
export function* findMarked(mark: string): Generator<ProcessIdentity | null, void> {
  const needle = Buffer.from(`${MARK_VARIABLE}=${mark}`);
  for (const pid of allPids()) {
    yield pid !== process.pid && carries(readEnviron(pid), needle) ? identify(pid) : null;
  }
}

/** The mark of the gateway that has started a process; null when none has, or the process is not ours to look at. */
export function gatewayOf(pid: number): string | null {
  return MARKED.exec(readEnviron(pid)?.toString('latin1') ?? '')?.[1] ?? null;
}

function carries(environ: Buffer | null, needle: Buffer): boolean {
  if (environ === null) return false;
  const at = environ.indexOf(needle);
  if (at === -1) return false;
  const startsEntry = at === 0 || environ[at - 1] === 0;
  const next = environ[at + needle.length];
  return startsEntry && (next === undefined || next === 0 || next === 0x2e);
}
