import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Writable } from 'node:stream';
import type { Upstream } from '../../dispatch/lease.ts';
import type { GatewayError } from '../../errors.ts';

/**
 * How one try to forward a request ended.
 * - `over`: the upstream has answered to the last byte, or the client has left, and then the upstream's request is aborted.
 * - `cut`: the upstream broke off in its answer; the client's connection is broken too.
 * - an error: not a byte of an answer was seen and none was sent. The caller may try again or report it.
 */
export type Outcome = 'over' | 'cut' | GatewayError;

/** A body in memory, in pieces. It is let go as soon as an answer begins: an answer may take minutes. */
export interface Payload {
  pieces: readonly Buffer[];
  /** What the pieces were made from, where that may be done once more. */
  source?: Buffer | null;
}

/** The beginning of an upstream's answer. */
export interface Answer {
  readonly status: number;
  /** By their names in lower case. */
  readonly headers: IncomingHttpHeaders;
}

/** Somebody who watches a request on its way to an upstream and back. Nothing here may throw. */
export interface FlightWatch {
  /** Says who gets the body for a response that has been begun already; null = the response gets head and body. */
  readonly takeOver: ((answer: Answer) => Writable) | null;
  /**
   * The request is about to leave; its body has not begun to.
   *
   * @param interrupt Ends it with an error, as long as there is no answer.
   */
  leaves(interrupt: (error: GatewayError) => void): void;
  /** The headers of the answer are there; its body has not begun to flow. */
  answered(answer: Answer): void;
  /** A piece of the answer's body passes. */
  passed(bytes: Buffer): void;
  /** The upstream broke off in the middle of its answer. */
  wasCut(): void;
}

/**
 * Streams a request to an upstream and the answer back. Never rejects.
 *
 * @param payload The request's body, or null to stream it on from the client.
 */
export type Forward = (
  req: IncomingMessage,
  res: ServerResponse,
  upstream: Upstream,
  payload: Payload | null,
  watch: FlightWatch | null,
) => Promise<Outcome>;

/** The body has served its purpose. */
export function letGo(payload: Payload): void {
  payload.pieces = [];
  payload.source = null;
}
