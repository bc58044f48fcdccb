import type { Failure } from '../shared/failure.ts';
import type { ModelId } from '../shared/ids.ts';
import type { ProcessEvent } from './types.ts';

type Exit = Extract<ProcessEvent, { type: 'process.exited' }>;

function describeExit(exit: Exit): string {
  return exit.signal ? `was killed by ${exit.signal}` : `exited with code ${exit.exitCode ?? 'unknown'}`;
}

export function exitedEarly(id: ModelId, exit: Exit): Failure {
  return { ...fromExit(exit), code: 'exited_early', message: `${id} ${describeExit(exit)} before it was healthy` };
}

export function crashed(id: ModelId, exit: Exit): Failure {
  return { ...fromExit(exit), code: 'crashed', message: `${id} ${describeExit(exit)} by itself` };
}

function fromExit({ exitCode, signal, logTail, at }: Exit) {
  return { exitCode, signal, logTail, at };
}

export function unhealthy(id: ModelId, timeoutMs: number): Failure {
  return bareFailure('health_timeout', `${id} did not become healthy within ${timeoutMs / 1_000} s`);
}

/** The time is filled in by the exit that follows: a machine does not read clocks. */
export function bareFailure(code: Failure['code'], message: string): Failure {
  return { code, message, exitCode: null, signal: null, logTail: [], at: 0 };
}
