import type { Trip } from './trip.ts';

/** How a trip ended, as it is recorded. */
export interface Ending {
  /** 499 for a client that left, 502 for an answer that the upstream broke off; else that of the answer. */
  readonly status: number;
  /** The gateway's own reason; '' when the answer speaks for itself. */
  readonly error: string;
  /** For counters: `ok`, or why not. */
  readonly outcome: 'ok' | 'error' | 'client_left' | 'cut' | 'cancelled';
}

/** To be asked when the response has closed. */
export function endingOf({ res, failure, wasCut, answer }: Trip): Ending {
  if (failure?.code === 'request_cancelled') return { status: 499, error: failure.message, outcome: 'cancelled' };
  if (wasCut) {
    const error = failure?.message ?? 'The model server broke off in the middle of its answer.';
    return { status: 502, error, outcome: 'cut' };
  }
  if (failure !== null && failure.code !== 'client_closed_request') {
    return { status: failure.status, error: failure.message, outcome: 'error' };
  }
  if (!res.writableFinished) {
    const when = answer === null ? 'before it was answered' : 'in the middle of its answer';
    return { status: 499, error: `The client left ${when}.`, outcome: 'client_left' };
  }
  // A stream that the gateway had opened already says 200, whatever the upstream then said.
  const status = answer?.status ?? res.statusCode;
  return { status, error: '', outcome: status < 400 ? 'ok' : 'error' };
}
