import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Response } from 'express';
import type { ModelId } from '../../../machines/shared/ids.ts';
import type { GatewayError } from '../../errors.ts';
import { type OpenStream, openStreamOf } from '../feedback/open-stream.ts';
import type { FeedbackDeps } from '../feedback/wait-feedback.ts';
import type { Answer, FlightWatch, Payload } from '../forward/flight.ts';
import type { Observer } from './observer.ts';
import { attentionTo } from './observed-paths.ts';
import { createPatience } from './patience.ts';
import { cutTrip, type Trip } from './trip.ts';
import { tripOf } from './trip-of.ts';

/** What the handlers of requests tell those who watch: a request begins, waits, is forwarded. */
export interface Watch {
  /**
   * @param url As the client asked for it, without `/upstream/<model>`.
   * @param name The model as the client calls it.
   */
  begin(req: IncomingMessage, res: Response, url: string | undefined, name: string): void;
  /**
   * A wait for a lease begins.
   *
   * @param leave what it waits with; aborted when the wait is cancelled
   * @throws GatewayError when the request was cancelled meanwhile.
   */
  wait(res: ServerResponse, model: ModelId, payload: Payload | null, leave: AbortController): Waiting | null;
  /** Whether nobody has cancelled it. */
  mayGoOn(res: ServerResponse): boolean;
  /** It has got a lease without a wait. */
  served(res: ServerResponse, model: ModelId): void;
  /** The request is about to be forwarded. */
  flight(req: IncomingMessage, res: ServerResponse, payload: Payload | null): FlightWatch | null;
}

interface Waiting {
  granted(): void;
  refused(): void;
}

export interface WatchParts {
  readonly observer: Observer;
  readonly feedback: FeedbackDeps;
  readonly sendsLoadingState: (model: ModelId) => boolean;
  /** Shown with the request once it was granted. */
  readonly priorityOf: (model: ModelId) => number;
}

export function createWatch({ observer, feedback, sendsLoadingState, priorityOf }: WatchParts): Watch {
  const patience = createPatience(feedback, sendsLoadingState);
  return {
    begin(req, res, url, name) {
      const path = pathOf(url ?? '/');
      const { inFlight, recorded } = attentionTo(req.method ?? '', path);
      if (inFlight) observer.begin({ req, res, path, name, isRecorded: recorded });
    },

    wait(res, model, payload, leave) {
      const trip = tripOf(res);
      if (trip === null) return null;
      if (trip.failure !== null) throw trip.failure;
      const since = performance.now();
      trip.stage = 'waiting';
      trip.wait = leave;
      trip.interrupt = null;
      const news = payload === null ? null : patience.wait({ trip, model, payload, signal: leave.signal, since });
      return {
        granted() {
          if (news !== null) patience.over(news, true);
          observer.granted(trip, model, priorityOf(model), performance.now() - since);
        },
        refused() {
          if (news !== null) patience.over(news, false);
        },
      };
    },

    mayGoOn: (res) => (tripOf(res)?.failure ?? null) === null,

    served(res, model) {
      const trip = tripOf(res);
      if (trip !== null) observer.granted(trip, model, priorityOf(model), 0);
    },

    flight(req, res, payload) {
      const trip = tripOf(res);
      if (trip === null) return null;
      const stream = openStreamOf(res);
      // What follows in a stream of ours must not be compressed, and a request that says nothing of it allows it.
      if (stream !== null) req.headers['accept-encoding'] = 'identity';
      return new TripFlight(trip, observer, payload, stream);
    },
  };
}

/** A class, since there is one for every request: functions of its own would be made anew for each. */
class TripFlight implements FlightWatch {
  readonly takeOver: FlightWatch['takeOver'];
  readonly #trip: Trip;
  readonly #observer: Observer;
  readonly #payload: Payload | null;

  constructor(trip: Trip, observer: Observer, payload: Payload | null, stream: OpenStream | null) {
    this.#trip = trip;
    this.#observer = observer;
    this.#payload = payload;
    this.takeOver = stream && ((answer) => stream.takeOver(answer, (why) => cutTrip(trip, why)));
  }

  leaves(interrupt: (error: GatewayError) => void): void {
    this.#trip.interrupt = interrupt;
    this.#trip.leftAt = performance.now();
    if (this.#payload === null) this.#observer.streams(this.#trip);
    else this.#observer.sends(this.#trip, this.#payload.pieces);
  }

  answered(answer: Answer): void {
    this.#observer.answered(this.#trip, answer);
  }

  passed(bytes: Buffer): void {
    this.#observer.passed(this.#trip, bytes);
  }

  wasCut(): void {
    this.#trip.wasCut = true;
  }
}

function pathOf(url: string): string {
  const query = url.indexOf('?');
  return query === -1 ? url : url.slice(0, query);
}
