import { setTimeout as pause } from 'node:timers/promises';
import { groupRuns, signalGroup, signalProcess } from './group.ts';
import { exists, identify, type ProcessIdentity, stillRuns } from './identity.ts';
import { collectMarked, killEach, killMarked, killMarkedSync, killTree } from './kill-tree.ts';
import {
  createDirectory,
  type LedgerEntry,
  type LedgerRecord,
  ledgerPath,
  readRecords,
  removeRecord,
  writeRecord,
} from './ledger-file.ts';
import { createMark } from './mark.ts';

/** Remembers every process of this gateway outside of everything that can fail, on disk too. */
export interface Ledger {
  /** A mark for one process to be started. From here on the gateway is on disk. */
  newMark(): string;
  /** To be called right after the spawn, in the same turn. */
  add(pid: number, mark: string, label: string): LedgerEntry;
  remove(entry: LedgerEntry): void;
  entries(): readonly LedgerEntry[];
  /** SIGKILL for the processes of that label, should their owner have failed. */
  kill(label: string): void;
  /** Ends what gateways that are gone have left behind. Resolves when it is gone, with how many there were. */
  sweep(): Promise<number>;
  /** SIGKILL for every process of this gateway and its descendants; synchronous, for the end of the program. */
  killAll(): void;
  /** Takes this gateway's record from the disk, if no process is left in it. */
  close(): void;
}

/** How long an orphan may take to end by itself after SIGTERM. */
const ORPHAN_GRACE_MS = 3_000;
const GONE_AFTER_KILL_MS = 1_000;
const POLL_MS = 10;
/** The start token of a process that was gone before it could be looked at: equal to no process's. */
const ENDED = 'ended';

/**
 * INVARIANTS
 * - A process is in the ledger from its spawn until it and its descendants are gone.
 * - The record is on disk before the first process is started. Should the gateway be killed between a spawn and the
 *   next write, the mark of the record still finds the process (Linux).
 * - A gateway that lives is left alone, and so is every process whose start time has changed.
 * - A disk that cannot be written to costs the protection, never a start.
 *
 * @param warn gets one sentence about a damaged file or a disk that refuses.
 */
export function createLedger(options: {
  directory: string;
  warn: (message: string) => void;
  orphanGraceMs?: number;
}): Ledger {
  const { directory, warn } = options;
  const mark = createMark();
  const path = ledgerPath(directory, mark);
  const gateway = identify(process.pid) ?? { pid: process.pid, startToken: null };
  const children = new Map<string, LedgerEntry>();
  let processes = 0;
  let onDisk = false;
  let warned = false;

  function write(): void {
    try {
      if (!onDisk) createDirectory(directory);
      const record: LedgerRecord = { version: 1, gateway, mark, children: [...children.values()] };
      writeRecord(path, record);
      onDisk = true;
    } catch (error) {
      if (!warned) warn(`cannot write the process ledger ${path}: ${(error as Error).message}`);
      warned = true;
    }
  }

  return {
    newMark() {
      if (!onDisk) write();
      return `${mark}.${++processes}`;
    },
    add(pid, childMark, label) {
      const { startToken } = identify(pid) ?? { startToken: ENDED };
      const entry = { pid, startToken, mark: childMark, label };
      children.set(childMark, entry);
      write();
      return entry;
    },
    remove(entry) {
      if (children.delete(entry.mark)) write();
    },
    entries: () => [...children.values()],
    kill(label) {
      for (const entry of children.values()) if (entry.label === label) killEntry(entry);
    },
    async sweep() {
      const records = readRecords(directory, (damaged) => warn(`removed the damaged process ledger ${damaged}`));
      const dead = records.filter(({ record }) => record.mark !== mark && !lives(record.gateway));
      const counts = await Promise.all(
        dead.map(async ({ path, record }) => {
          const count = await endOrphans(record, options.orphanGraceMs ?? ORPHAN_GRACE_MS);
          removeRecord(path);
          return count;
        }),
      );
      return counts.reduce((sum, count) => sum + count, 0);
    },
    killAll() {
      for (const entry of children.values()) killEntry(entry);
      if (children.size > 0) killMarkedSync(mark);
    },
    close() {
      if (children.size === 0 && onDisk) removeRecord(path);
    },
  };
}

/** An entry can outlive its process; where the system tells no start times, a child of ours keeps its pid till then. */
function killEntry(entry: LedgerEntry): void {
  if (entry.startToken === null || stillRuns(entry)) killTree(entry.pid);
}

function lives(gateway: ProcessIdentity): boolean {
  return gateway.startToken === null ? exists(gateway.pid) : stillRuns(gateway);
}

async function endOrphans(record: LedgerRecord, graceMs: number): Promise<number> {
  const leaders = record.children.filter(stillRuns);
  const marked = await collectMarked(record.mark);
  const orphans = [...new Map([...leaders, ...marked].map((orphan) => [orphan.pid, orphan])).values()];
  if (orphans.length === 0) return 0;

  for (const leader of leaders) signalGroup(leader.pid, 'SIGTERM');
  for (const orphan of marked) if (stillRuns(orphan)) signalProcess(orphan.pid, 'SIGTERM');
  const anyRuns = (): boolean => orphans.some(stillRuns) || leaders.some(({ pid }) => groupRuns(pid));
  await pollUntil(() => !anyRuns(), graceMs);

  for (const leader of leaders.filter(stillRuns)) killTree(leader.pid);
  killEach(orphans);
  await killMarked(record.mark);
  await pollUntil(() => !orphans.some(stillRuns), GONE_AFTER_KILL_MS);
  return orphans.length;
}

async function pollUntil(condition: () => boolean, limitMs: number): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!condition() && performance.now() < deadline) await pause(POLL_MS);
}
