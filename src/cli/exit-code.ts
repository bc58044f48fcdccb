/** What the program tells a script: `EX_CONFIG` of sysexits.h keeps a supervisor from restarting on a bad file. */
export const EXIT = { ok: 0, failure: 1, usage: 2, config: 78 } as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
