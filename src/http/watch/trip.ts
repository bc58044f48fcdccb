import type { IncomingMessage } from 'node:http';
import type { Response } from 'express';
import type { UsageMeter } from '../../activity/usage-meter.ts';
import { GatewayError } from '../../errors.ts';
import { breakOff } from '../break-off.ts';
import { clientOf } from '../access/client.ts';
import type { Answer } from '../forward/flight.ts';
import type { KeptBody } from './kept-body.ts';

/**
 * One request on its way through the gateway, as those who watch see it. Its own handler writes it; everybody else
 * reads.
 *
 * INVARIANTS
 * - Per chunk of an answer one number changes, and nobody is told.
 * - `cancel` works at every stage, and does nothing once the trip is over.
 */
export interface Trip {
  /** From one counter over all requests. */
  readonly id: number;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  /** The same on the clock of `performance.now()`. */
  readonly startedClock: number;
  readonly req: IncomingMessage;
  readonly res: Response;
  /** As the client asked for it, without query and without `/upstream/<model>`. */
  readonly path: string;
  /** The same as the upstream sees it. */
  readonly upstreamPath: string;
  /** Whether it becomes an entry of the activity. */
  readonly isRecorded: boolean;
  /** The model as the client calls it. */
  readonly name: string;
  /** Of its model in the queue; null before it was granted. */
  priority: number | null;
  stage: 'waiting' | 'serving';
  /** While it waits for a lease: what it waits with, and what ends the wait. */
  wait: AbortController | null;
  /** Milliseconds spent in line until the (last) grant, and of these on the model's load; null before a grant. */
  queueMs: number | null;
  loadMs: number | null;
  /** When the request left for the upstream, on the clock of `performance.now()`; null before. */
  leftAt: number | null;
  /** The headers of the upstream's answer, once they are there. */
  answer: Answer | null;
  /** Of the upstream's answer so far. */
  bytes: number;
  /** Ends the request to the upstream with this error, without touching the client; null before and after. */
  interrupt: ((error: GatewayError) => void) | null;
  /** Why it has no good end, as far as the gateway knows. */
  failure: GatewayError | null;
  /** The upstream broke off in the middle of its answer, or said nothing for so long that it was cut. */
  wasCut: boolean;
  isOver: boolean;
  /** Among those in flight; null before and after. */
  place: number | null;
  /** For the observer. */
  meter: UsageMeter | null;
  requestBody: KeptBody | null;
  responseBody: KeptBody | null;
}

/** What there is to say about a request when it begins. */
export type TripStart = Pick<Trip, 'id' | 'req' | 'res' | 'path' | 'isRecorded' | 'name'>;

export function createTrip(start: TripStart): Trip {
  return {
    ...start,
    upstreamPath: withoutOwnPrefix(start.path),
    startedAt: Date.now(),
    startedClock: performance.now(),
    priority: null,
    stage: 'waiting',
    wait: null,
    queueMs: null,
    loadMs: null,
    leftAt: null,
    answer: null,
    bytes: 0,
    interrupt: null,
    failure: null,
    wasCut: false,
    isOver: false,
    place: null,
    meter: null,
    requestBody: null,
    responseBody: null,
  };
}

function withoutOwnPrefix(path: string): string {
  if (path.startsWith('/v/')) return path.slice('/v'.length);
  return path.startsWith('/audioapi/') ? path.slice('/audioapi'.length) : path;
}

/** The model's id; the name as given while, or if, it is not known. */
export function modelOf({ res, name }: Trip): string {
  return (res.locals['model'] as string | undefined) ?? name;
}

/** Which selector chose, which priority the model has, whose key it was. */
export function metadataOf({ res, priority }: Trip): Readonly<Record<string, string>> {
  const metadata: Record<string, string> = {};
  if (priority !== null) metadata['fifo_priority'] = String(priority);
  const selector = res.locals['selector'] as string | undefined;
  if (selector !== undefined) metadata['selector'] = selector;
  const key = clientOf(res)?.name ?? null;
  if (key !== null) metadata['key'] = key;
  return metadata;
}

/**
 * Ends a request for an operator: one without an answer yet gets an error, one in the middle of an answer has its
 * connection broken, so that half an answer is never taken for a whole one.
 */
export function cancelTrip(trip: Trip): void {
  if (trip.isOver || trip.failure !== null) return;
  trip.failure = new GatewayError('request_cancelled', 'The request was cancelled by an operator.');
  if (trip.wait !== null) trip.wait.abort(trip.failure);
  else if (trip.answer === null && trip.interrupt !== null) trip.interrupt(trip.failure);
  else breakOff(trip.res);
}

/** Breaks the client's connection, as if the upstream had broken off in the middle of its answer, and ends its request. */
export function cutTrip(trip: Trip, why: GatewayError): void {
  if (trip.isOver || trip.failure !== null) return;
  trip.failure = why;
  trip.wasCut = true;
  breakOff(trip.res);
}
