/**
 * The public life of a model or a profile, in order. These words are the state keys of the machines, so a snapshot, a
 * log line, the API and this list can never disagree.
 *
 * - `stopped`: no process. A failed start ends here too; the failure is data, and a cool-down follows.
 * - `starting`: the process is being spawned.
 * - `health-checking`: the process runs, its health endpoint has not answered 200 yet.
 * - `ready`: requests may be forwarded.
 * - `stopping`: told to end; left only when the process is really gone.
 */
export const PHASES = ['stopped', 'starting', 'health-checking', 'ready', 'stopping'] as const;

export type Phase = (typeof PHASES)[number];
