import type { ServerResponse } from 'node:http';
import type { GatewayError } from '../../errors.ts';
import type { Trip } from './trip.ts';

/** A property and no WeakMap: one of those costs the collector of garbage more than all else that is watched. */
const TRIP = Symbol('trip');

interface Watched {
  [TRIP]?: Trip;
}

export function bindTrip(trip: Trip): void {
  (trip.res as Watched)[TRIP] = trip;
}

/** @returns null for a request that nobody watches. */
export function tripOf(res: ServerResponse): Trip | null {
  return (res as Watched)[TRIP] ?? null;
}

/**
 * What a request waits for before it can be sent to anybody.
 *
 * @throws GatewayError as soon as an operator cancels the request, or what the work throws.
 */
export async function unlessCancelled<T>(res: ServerResponse, work: Promise<T>): Promise<T> {
  const trip = tripOf(res);
  if (trip === null) return work;
  const { promise, reject } = Promise.withResolvers<never>();
  trip.interrupt = reject;
  try {
    return await Promise.race([work, promise]);
  } finally {
    trip.interrupt = null;
  }
}

/**
 * Notes why the gateway itself answers a request.
 *
 * @returns What the client is to be told: an operator who cancelled the request was the reason, whatever broke then.
 */
export function noteFailure(res: ServerResponse, error: GatewayError): GatewayError {
  const trip = tripOf(res);
  if (trip === null) return error;
  trip.failure ??= error;
  return trip.failure;
}
