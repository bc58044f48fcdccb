import { setTimeout as pause } from 'node:timers/promises';
import { groupRuns, signalGroup, signalProcess } from './group.ts';
import { isOfThisBoot, stillRuns } from './identity.ts';
import { collectMarked, killEach, killMarked, killTree } from './kill-tree.ts';
import type { LedgerEntry, LedgerRecord } from './ledger-file.ts';
import { MARK_VARIABLE } from './mark.ts';
import { readEnvironment } from './proc-stat.ts';
import { runStopCommand } from './stop-command.ts';

export interface OrphanTimes {
  /** How long a stop command may take. */
  readonly stopMs: number;
  /** How long an orphan may take to end by itself after SIGTERM. */
  readonly graceMs: number;
}

const TIMES: OrphanTimes = { stopMs: 30_000, graceMs: 3_000 };
const GONE_AFTER_KILL_MS = 1_000;
const POLL_MS = 10;

/**
 * Ends what a gateway that is gone has left behind: by the stop commands of its models, where there are any, then SIGTERM,
 * then SIGKILL.
 *
 * @param warn gets one sentence about each stop command.
 * @returns how many processes there were.
 */
export async function endOrphans(
  record: LedgerRecord,
  warn: (message: string) => void,
  { stopMs, graceMs }: OrphanTimes = TIMES,
): Promise<number> {
  const leaders = record.children.filter(stillRuns);
  const marked = await collectMarked(record.mark);
  const orphans = [...new Map([...leaders, ...marked].map((orphan) => [orphan.pid, orphan])).values()];
  await Promise.all(record.children.map((entry) => runItsCommand(entry, warn, stopMs)));
  if (orphans.length === 0) return 0;

  for (const leader of leaders.filter(stillRuns)) signalGroup(leader.pid, 'SIGTERM');
  for (const orphan of marked) if (stillRuns(orphan)) signalProcess(orphan.pid, 'SIGTERM');
  const anyRuns = (): boolean => orphans.some(stillRuns) || leaders.some(({ pid }) => groupRuns(pid));
  await pollUntil(() => !anyRuns(), graceMs);

  for (const leader of leaders.filter(stillRuns)) killTree(leader.pid);
  killEach(orphans);
  await killMarked(record.mark);
  await pollUntil(() => !orphans.some(stillRuns), GONE_AFTER_KILL_MS);
  return orphans.length;
}

/**
 * A container can go on when the client that was started for it has been killed together with the gateway, so the command
 * is run then too, unless it needs the pid, which can be somebody else's by now. No container outlives its machine.
 */
async function runItsCommand(entry: LedgerEntry, warn: (message: string) => void, limitMs: number): Promise<void> {
  const { pid, label, stopArgv } = entry;
  if (stopArgv === undefined) return;
  const runs = stillRuns(entry);
  const isMeant = runs || (isOfThisBoot(entry) && !stopArgv.some((word) => word.includes('${PID}')));
  if (!isMeant) return;

  warn(`${label}: a gateway before this one has left it behind; running its stop command`);
  // The environment is not in the record, which would then hold every secret of the model.
  const env = { ...((runs ? readEnvironment(pid) : null) ?? process.env), [MARK_VARIABLE]: undefined };
  const command = runStopCommand({ argv: stopArgv, env, pid }, (reason) => {
    warn(`${label}: the stop command failed, ${reason}`);
  });
  const late = new AbortController();
  await Promise.race([command.ended, pause(limitMs, undefined, { signal: late.signal }).catch(() => {})]);
  late.abort();
  command.kill();
}

async function pollUntil(condition: () => boolean, limitMs: number): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!condition() && performance.now() < deadline) await pause(POLL_MS);
}
