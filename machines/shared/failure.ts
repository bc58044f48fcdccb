/**
 * Why a model is not there. Plain data: it travels through events, contexts, the journal and HTTP answers, so it never
 * holds a command line, an environment or a key.
 */
export interface Failure {
  readonly code: FailureCode;
  /** One sentence for a person. */
  readonly message: string;
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** The last lines the process printed, redacted. */
  readonly logTail: readonly string[];
  /** Epoch milliseconds. */
  readonly at: number;
}

export type FailureCode =
  /** The program is missing, not executable, or its command is empty. */
  | 'spawn_failed'
  /** The address of the model is taken by somebody else. */
  | 'port_in_use'
  /** The process ended before its health endpoint answered 200. */
  | 'exited_early'
  /** The health endpoint did not answer 200 in time. */
  | 'health_timeout'
  /** The process ended by itself after it had been ready. */
  | 'crashed'
  /** The process runs, but its health endpoint no longer answers. */
  | 'hung'
  /** The process is still there after SIGKILL. */
  | 'stop_timeout'
  /** Somebody unloaded the model while it was being loaded. */
  | 'unloaded'
  /** A bug of the gateway; the details are in its log. */
  | 'internal';
