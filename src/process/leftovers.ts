import { setTimeout as pause } from 'node:timers/promises';
import { type ProcessIdentity, stillRuns } from './identity.ts';
import { collectMarked, killEach, killMarked } from './kill-tree.ts';
import type { LedgerEntry } from './ledger-file.ts';
import type { Ledger } from './ledger.ts';

/** Ends what a process leaves behind outside of its process group. */
export interface Leftovers {
  /**
   * To be called when the process and its group are gone. Works in the background and takes the process from the
   * ledger at the end.
   *
   * @param known descendants that were seen while the process lived.
   * @param graceMs how long they may go on; a container's monitor, for one, tidies up after its client has ended.
   */
  sweep(entry: LedgerEntry, known: readonly ProcessIdentity[], graceMs?: number): void;
  /** Ends the grace of all; resolves when nothing is left. Somebody needs their port, or the gateway closes. */
  hurry(): Promise<void>;
}

export const LEFTOVER_GRACE_MS = 1_000;
/**
 * To look at every process takes milliseconds, and the next model is about to be started. It is part of the grace, and over
 * as soon as somebody is in a hurry.
 */
const LOOK_AFTER_MS = 100;
const POLL_MS = 20;

interface Job {
  /** On the clock of `performance.now()`. */
  readonly deadline: number;
  readonly haste: AbortController;
  done: Promise<void>;
}

export function createLeftovers(ledger: Ledger): Leftovers {
  const pending = new Map<LedgerEntry, Job>();

  async function endAll(entry: LedgerEntry, known: readonly ProcessIdentity[], job: Job): Promise<void> {
    const hasTime = (): boolean => !job.haste.signal.aborted && performance.now() < job.deadline;
    const wait = (ms: number): Promise<void> => pause(ms, undefined, { signal: job.haste.signal }).catch(() => {});

    if (hasTime()) await wait(LOOK_AFTER_MS);
    const found = [...known.filter(stillRuns), ...(await collectMarked(entry.mark))];
    if (found.length === 0) return;
    while (found.some(stillRuns) && hasTime()) await wait(POLL_MS);
    killEach(found);
    await killMarked(entry.mark);
  }

  return {
    sweep(entry, known, graceMs = LEFTOVER_GRACE_MS) {
      const job: Job = {
        deadline: performance.now() + graceMs,
        haste: new AbortController(),
        done: Promise.resolve(),
      };
      job.done = endAll(entry, known, job)
        .catch(() => {})
        .finally(() => {
          pending.delete(entry);
          ledger.remove(entry);
        });
      pending.set(entry, job);
    },
    async hurry() {
      const jobs = [...pending.values()];
      for (const job of jobs) job.haste.abort();
      await Promise.all(jobs.map((job) => job.done));
    },
  };
}
