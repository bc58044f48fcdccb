import { ConfigError, formatProblems } from '../config/problems.ts';
import { EXIT } from './exit-code.ts';
import type { ExitCode } from './exit-code.ts';

/** Why the gateway did not start, in words for its user. */
export function explainStartFailure(error: unknown, listen: string): { code: ExitCode; message: string } {
  if (error instanceof ConfigError) return { code: EXIT.config, message: formatProblems(error.problems) };
  if (isErrno(error) && (error.syscall === 'listen' || error.syscall === 'getaddrinfo')) {
    return { code: EXIT.failure, message: `llama-swap cannot listen on ${listen}: ${reasonOf(error)}.` };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { code: EXIT.failure, message: `llama-swap cannot start: ${message}` };
}

function reasonOf(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return 'the address is taken by another program (--listen chooses another one)';
    case 'EACCES':
      return 'that port needs more rights';
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return 'this machine has no such address';
    default:
      return error.message;
  }
}

function isErrno(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error;
}
