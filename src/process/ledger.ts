import { exists, identify, type ProcessIdentity, stillRuns } from './identity.ts';
import { killMarkedSync, killTree } from './kill-tree.ts';
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
import { endOrphans, type OrphanTimes } from './orphans.ts';

/** Remembers every process of this gateway outside of everything that can fail, on disk too. */
export interface Ledger {
  /** A mark for one process to be started. From here on the gateway is on disk. */
  newMark(): string;
  /**
   * To be called right after the spawn, in the same turn.
   *
   * @param stopArgv the command that stops it, where a signal is not enough
   */
  add(pid: number, mark: string, label: string, stopArgv?: readonly string[] | null): LedgerEntry;
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
 * @param warn gets one sentence about a damaged file, a disk that refuses, or a stop command of somebody left behind.
 */
export function createLedger(options: {
  directory: string;
  warn: (message: string) => void;
  orphanTimes?: OrphanTimes;
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
    add(pid, childMark, label, stopArgv = null) {
      const { startToken } = identify(pid) ?? { startToken: ENDED };
      const entry = { pid, startToken, mark: childMark, label, ...(stopArgv?.length ? { stopArgv } : {}) };
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
          const count = await endOrphans(record, warn, options.orphanTimes);
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
