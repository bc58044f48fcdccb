import type { Failure, FailureCode } from '../../machines/shared/failure.ts';

/** A failure before there was a process to blame. */
export function failure(code: FailureCode, message: string): Failure {
  return { code, message, exitCode: null, signal: null, logTail: [], at: Date.now() };
}
