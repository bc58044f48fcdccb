import type { Captures } from '../../activity/captures.ts';
import { captureMask } from '../../activity/capture-mask.ts';
import { type ActivityRecord, recordOf } from '../../activity/record.ts';
import type { ActivityStore } from '../../activity/store.ts';
import { NO_ACCOUNTING } from '../../activity/usage.ts';
import { createUsageMeter, type Usage } from '../../activity/usage-meter.ts';
import type { ModelId } from '../../../machines/shared/ids.ts';
import { type CaptureRoom, createCaptureRoom } from './capture-room.ts';
import { clientAddress } from './client-address.ts';
import { type Ending, endingOf } from './ending.ts';
import type { InFlight } from './in-flight.ts';
import { KeptBody } from './kept-body.ts';
import { createTrip, metadataOf, modelOf, type Trip, type TripStart } from './trip.ts';
import { bindTrip } from './trip-of.ts';
import { createUnhurried } from './unhurried.ts';
import type { Answer } from '../forward/flight.ts';

/** To account for an answer of this size takes a good part of a millisecond. */
const LARGE_BYTES = 16 * 1024;

/** Bodies are text and shrink well: so much more than the room for compressed ones may be held in flight. */
const ROOM_RATIO = 4;

const NO_USAGE: Usage = { ...NO_ACCOUNTING, error: '', decodable: true, bytes: 0, firstTokenAt: null };

export interface ObserverParts {
  readonly inFlight: InFlight;
  readonly activity: Pick<ActivityStore, 'add'>;
  readonly captures: Pick<Captures, 'isEnabled'>;
  /** Room for compressed captures, in bytes, as configured now; 0 = none are made. */
  readonly captureBytes: () => number;
  /** The last time that the model was loaded. */
  readonly lastLoad: (model: ModelId) => { readonly from: number; readonly to: number } | null;
  /** Follows an answer that has begun. Must not throw. */
  readonly follow: (trip: Trip) => void;
  /** Counts every request that is over. Must not throw. */
  readonly count: (ended: EndedTrip) => void;
}

/** A request that is over. */
export interface EndedTrip {
  readonly trip: Trip;
  readonly ending: Ending;
  readonly usage: Usage;
  readonly durationMs: number;
}

/** Sees requests through the gateway: in the list of those in flight, in the counters, in the activity. */
export interface Observer {
  begin(start: Omit<TripStart, 'id'>): Trip;
  /** The body that goes to the upstream, in memory. */
  sends(trip: Trip, pieces: readonly Buffer[]): void;
  /** The body that goes to the upstream is streamed from the client. */
  streams(trip: Trip): void;
  granted(trip: Trip, model: ModelId, priority: number, waitedMs: number): void;
  /** The upstream has begun to answer. */
  answered(trip: Trip, answer: Answer): void;
  /** A piece of its answer's body passes. */
  passed(trip: Trip, bytes: Buffer): void;
  /** Resolves when every trip that has ended is recorded. */
  settled(): Promise<void>;
}

/**
 * INVARIANTS
 * - Each trip that began ends once, when its response closes, and is recorded as what it was: an answer that did not
 *   reach its end is no 200.
 * - Answers are listened to beside the pipe; nothing here delays them or keeps their bytes, except for captures, and
 *   these within their room.
 */
export function createObserver(parts: ObserverParts): Observer {
  const { inFlight, activity, captures, captureBytes, lastLoad, follow, count } = parts;
  const room: CaptureRoom = createCaptureRoom(() => captureBytes() * ROOM_RATIO);
  const unhurried = createUnhurried();
  const decoding = new Set<Promise<void>>();
  let lastId = 0;

  function end(trip: Trip): void {
    trip.isOver = true;
    trip.interrupt = null;
    inFlight.remove(trip);
    const endedAt = performance.now();
    const ending = endingOf(trip);
    if (trip.bytes < LARGE_BYTES) account(trip, ending, endedAt);
    else unhurried.later(() => account(trip, ending, endedAt));
  }

  function account(trip: Trip, ending: Ending, endedAt: number): void {
    const usage = trip.meter?.finish() ?? NO_USAGE;
    if (!(usage instanceof Promise)) {
      record(trip, ending, usage, endedAt);
      return;
    }
    const decoded: Promise<void> = usage.then((known) => {
      decoding.delete(decoded);
      record(trip, ending, known, endedAt);
    });
    decoding.add(decoded);
  }

  function record(trip: Trip, ending: Ending, usage: Usage, endedAt: number): void {
    const requestBody = trip.requestBody?.take() ?? null;
    const responseBody = trip.responseBody?.take() ?? null;
    count({ trip, ending, usage, durationMs: endedAt - trip.startedClock });
    if (!trip.isRecorded) return;
    const entry = toRecord(trip, ending, usage, endedAt);
    activity.add(entry, captures.isEnabled && usage.decodable ? capture : undefined);

    function capture(id: number, ofItsStore: Captures): void {
      ofItsStore.add(id, {
        path: entry.path,
        status: ending.status,
        requestHeaders: trip.req.headers,
        requestBody,
        responseHeaders: trip.answer?.headers ?? {},
        responseBody,
      });
    }
  }

  return {
    begin(start) {
      lastId += 1;
      const trip = createTrip({ id: lastId, ...start });
      bindTrip(trip);
      inFlight.add(trip);
      start.res.once('close', () => end(trip));
      return trip;
    },
    sends(trip, pieces) {
      if (!captures.isEnabled || !trip.isRecorded || !captureMask(trip.upstreamPath, 200).requestBody) return;
      trip.requestBody?.take();
      const body = new KeptBody(room);
      for (const piece of pieces) body.push(piece);
      trip.requestBody = body;
    },
    streams(trip) {
      if (!captures.isEnabled || !trip.isRecorded || !captureMask(trip.upstreamPath, 200).requestBody) return;
      const body = new KeptBody(room);
      trip.requestBody = body;
      trip.req.on('data', (chunk: Buffer) => body.push(chunk));
    },
    granted(trip, model, priority, waitedMs) {
      trip.priority = priority;
      trip.stage = 'serving';
      trip.wait = null;
      trip.queueMs = (trip.queueMs ?? 0) + waitedMs;
      trip.loadMs = (trip.loadMs ?? 0) + (waitedMs < 1 ? 0 : overlap(lastLoad(model), waitedMs));
    },
    answered(trip, answer) {
      const { status, headers } = answer;
      trip.answer = answer;
      const meter = createUsageMeter({
        status,
        contentType: headers['content-type'] ?? '',
        contentEncoding: headers['content-encoding'] ?? '',
        path: trip.upstreamPath,
      });
      trip.meter = meter;
      const keeps = captures.isEnabled && trip.isRecorded && captureMask(trip.upstreamPath, status).responseBody;
      trip.responseBody = keeps ? new KeptBody(room) : null;
      inFlight.answered(trip);
      follow(trip);
    },
    passed(trip, bytes) {
      trip.bytes += bytes.length;
      trip.meter?.push(bytes);
      trip.responseBody?.push(bytes);
    },
    async settled() {
      await unhurried.done();
      await Promise.all(decoding);
    },
  };
}

function toRecord(trip: Trip, ending: Ending, usage: Usage, endedAt: number): ActivityRecord {
  const { res, answer, failure, queueMs, loadMs } = trip;
  const own = answer === null && failure !== null ? String(res.getHeader('content-type') ?? '') : '';
  return recordOf(
    {
      at: Date.now(),
      model: modelOf(trip),
      path: trip.upstreamPath,
      contentType: answer?.headers['content-type'] ?? own,
      status: ending.status,
      startedAt: trip.startedClock,
      endedAt,
      error: ending.error,
      metadata: metadataOf(trip),
      ...(queueMs !== null && { queueMs }),
      ...(loadMs !== null && { loadMs }),
      client: clientAddress(trip.req),
    },
    usage,
  );
}

/** How much of the last `waitedMs` the load took. */
function overlap(load: { readonly from: number; readonly to: number } | null, waitedMs: number): number {
  if (load === null) return 0;
  const now = Date.now();
  return Math.max(0, Math.min(load.to, now) - Math.max(load.from, now - waitedMs));
}
