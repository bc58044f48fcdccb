import type { Failure } from '../shared/failure.ts';
import type { ModelId } from '../shared/ids.ts';
import type { ModelReport, ProcessEvent } from './types.ts';

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

export function stuck(id: ModelId): Failure {
  return bareFailure('stop_timeout', `${id} is still there after SIGKILL`);
}

/** Whether a model says that its process outlives SIGKILL. Nobody knows how long: whoever waits for it is told so. */
export function isStuck({ phase, failure }: ModelReport): boolean {
  return phase === 'stopping' && failure?.code === 'stop_timeout';
}

/** The time is filled in by the exit that follows: a machine does not read clocks. */
export function bareFailure(code: Failure['code'], message: string): Failure {
  return { code, message, exitCode: null, signal: null, logTail: [], at: 0 };
}
