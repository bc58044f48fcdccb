import { redactHeaders } from '../../activity/redact-headers.ts';
import { clientAddress } from './client-address.ts';
import { metadataOf, modelOf, type Trip } from './trip.ts';

/** A request in flight as the API shows it. Secrets in headers are hidden. */
export interface InFlightEntry {
  readonly id: string;
  /** RFC 3339 */
  readonly timestamp: string;
  readonly model: string;
  readonly req_path: string;
  readonly method: string;
  readonly req_headers: Readonly<Record<string, string>>;
  readonly remote_ip: string;
  /** Empty until they are known. */
  readonly resp_headers: Readonly<Record<string, string>>;
  readonly resp_bytes: number;
  readonly elapsed_ms: number;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly phase: 'waiting' | 'serving';
  /** 1 = next in line; only while it waits. */
  readonly queue_position?: number;
}

/** @param position of a request that waits, by what it waits with */
export function inFlightEntry(trip: Trip, position: (signal: AbortSignal) => number | null): InFlightEntry {
  const metadata = metadataOf(trip);
  const place = trip.wait === null ? null : position(trip.wait.signal);
  return {
    id: String(trip.id),
    timestamp: new Date(trip.startedAt).toISOString(),
    model: modelOf(trip),
    req_path: trip.path,
    method: trip.req.method ?? '',
    // Not `headers`: these become those of the request to the upstream on the way.
    req_headers: redactHeaders(pairs(trip.req.rawHeaders), 'host'),
    remote_ip: clientAddress(trip.req),
    resp_headers: trip.answer === null ? {} : redactHeaders(trip.answer.headers),
    resp_bytes: trip.bytes,
    elapsed_ms: Math.round(performance.now() - trip.startedClock),
    ...(Object.keys(metadata).length > 0 && { metadata: { ...metadata } }),
    phase: trip.stage,
    ...(place !== null && { queue_position: place }),
  };
}

/** The first value of each counts. */
function pairs(raw: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (let at = 0; at + 1 < raw.length; at += 2) headers[(raw[at] ?? '').toLowerCase()] ??= raw[at + 1] ?? '';
  return headers;
}
