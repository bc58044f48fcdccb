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
const POLL_MS = 20;

export function createLeftovers(ledger: Ledger): Leftovers {
  const pending = new Map<LedgerEntry, { deadline: number; done: Promise<void> }>();

  async function endAll(entry: LedgerEntry, known: readonly ProcessIdentity[], job: { deadline: number }) {
    const found = [...known.filter(stillRuns), ...(await collectMarked(entry.mark))];
    if (found.length === 0) return;
    while (found.some(stillRuns) && performance.now() < job.deadline) await pause(POLL_MS);
    killEach(found);
    await killMarked(entry.mark);
  }

  return {
    sweep(entry, known, graceMs = LEFTOVER_GRACE_MS) {
      const job = { deadline: performance.now() + graceMs, done: Promise.resolve() };
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
      for (const job of jobs) job.deadline = 0;
      await Promise.all(jobs.map((job) => job.done));
    },
  };
}
