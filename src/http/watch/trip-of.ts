import type { ServerResponse } from 'node:http';
import type { GatewayError } from '../../errors.ts';
import type { Trip } from './trip.ts';

const TRIPS = new WeakMap<ServerResponse, Trip>();

export function bindTrip(trip: Trip): void {
  TRIPS.set(trip.res, trip);
}

/** @returns null for a request that nobody watches. */
export function tripOf(res: ServerResponse): Trip | null {
  return TRIPS.get(res) ?? null;
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
