import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProcessIdentity } from './identity.ts';

/** A process of ours as the ledger remembers it. */
export interface LedgerEntry extends ProcessIdentity {
  /** What it and its descendants carry in their environment. */
  readonly mark: string;
  /** For messages; the name of a model, never its command. */
  readonly label: string;
  /** The command that stops it, where a signal is not enough. */
  readonly stopArgv?: readonly string[];
}

/** What one gateway leaves on disk for the next one. */
export interface LedgerRecord {
  readonly version: 1;
  readonly gateway: ProcessIdentity;
  readonly mark: string;
  readonly children: readonly LedgerEntry[];
}

const NAME = /^gateway-[0-9a-f]+\.json$/;
const LEFT_OVER_NAME = /^gateway-[0-9a-f]+\.json\.new$/;
/** A file that is being written is renamed within milliseconds. */
const STALE_MS = 60_000;

export function ledgerPath(directory: string, mark: string): string {
  return join(directory, `gateway-${mark}.json`);
}

/**
 * Replaces the file in one step, so that a reader sees the old or the new one. Not flushed to the disk: what a power
 * cut loses are pids of processes that it has ended too.
 */
export function writeRecord(path: string, record: LedgerRecord): void {
  const unfinished = `${path}.new`;
  writeFileSync(unfinished, JSON.stringify(record), { mode: 0o600 });
  renameSync(unfinished, path);
}

/** Creates the directory for this user alone. */
export function createDirectory(directory: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
}

/**
 * Reads all records, and removes what can never become one.
 *
 * @param onUnreadable gets the path of a damaged record, which is removed. Only files of this user are read: a record
 *   decides who is killed, and what is run for that.
 */
export function readRecords(
  directory: string,
  onUnreadable: (path: string) => void,
): { path: string; record: LedgerRecord }[] {
  return listDirectory(directory).flatMap((name) => {
    const path = join(directory, name);
    try {
      const stat = statSync(path);
      if (process.getuid && stat.uid !== process.getuid()) return [];
      if (LEFT_OVER_NAME.test(name) && Date.now() - stat.mtimeMs > STALE_MS) removeRecord(path);
      if (!NAME.test(name)) return [];
      const record = parseRecord(readFileSync(path, 'utf8'));
      if (record) return [{ path, record }];
      onUnreadable(path);
      removeRecord(path);
    } catch {
      // Another gateway removed it meanwhile.
    }
    return [];
  });
}

export function removeRecord(path: string): void {
  rmSync(path, { force: true });
}

function listDirectory(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function parseRecord(text: string): LedgerRecord | null {
  try {
    const data = JSON.parse(text) as Partial<LedgerRecord> | null;
    const sound =
      data?.version === 1 &&
      isIdentity(data.gateway) &&
      isMark(data.mark) &&
      Array.isArray(data.children) &&
      data.children.every(
        (child: Partial<LedgerEntry>) => isIdentity(child) && isMark(child.mark) && isCommand(child.stopArgv),
      );
    return sound ? (data as LedgerRecord) : null;
  } catch {
    return null;
  }
}

function isIdentity(value: Partial<ProcessIdentity> | null | undefined): boolean {
  return (
    Number.isSafeInteger(value?.pid) &&
    (value?.pid ?? 0) > 1 &&
    (value?.startToken === null || typeof value?.startToken === 'string')
  );
}

/** An empty mark would be carried by everybody. */
function isMark(value: unknown): boolean {
  return typeof value === 'string' && /^[0-9a-f]{16}(\.\d+)?$/.test(value);
}

function isCommand(value: unknown): boolean {
  return value === undefined || (Array.isArray(value) && value.every((word) => typeof word === 'string'));
}
