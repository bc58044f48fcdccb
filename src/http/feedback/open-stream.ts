import type { ServerResponse } from 'node:http';
import type { GatewayError } from '../../errors.ts';
import type { Writable } from 'node:stream';
import type { Answer } from '../forward/flight.ts';
import { appendAnswer } from './append-answer.ts';
import { type Dialect, streamError } from './dialect.ts';

/**
 * An event stream that the gateway has begun, because its client waits for a model.
 *
 * INVARIANT: after `fail` or `takeOver` nothing is written any more.
 */
export interface OpenStream {
  /** Whole events or comments. Nothing happens when nobody is there to read them. */
  write(text: string): void;
  /** Says an error, and ends the stream. */
  fail(error: GatewayError): void;
  /**
   * Lets the answer of an upstream follow.
   *
   * @param cut Breaks the client's connection in the middle of it.
   * @returns who is to get its body
   */
  takeOver(answer: Answer, cut: (why: GatewayError) => void): Writable;
}

const OPEN = new WeakMap<ServerResponse, OpenStream>();

/** @returns null for a response that the gateway has not begun, or in which it has had its last word. */
export function openStreamOf(res: ServerResponse): OpenStream | null {
  return OPEN.get(res) ?? null;
}

/** Begins the response, which must not have begun. */
export function openStream(res: ServerResponse, dialect: Dialect): OpenStream {
  res.writeHead(200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-cache',
    'x-accel-buffering': 'no',
  });
  const stream: OpenStream = {
    write(text) {
      if (OPEN.has(res) && !res.destroyed && !res.writableEnded) res.write(text);
    },
    fail(error) {
      if (OPEN.delete(res)) res.end(dialect.failure(streamError(error)));
    },
    takeOver(answer, cut) {
      OPEN.delete(res);
      return appendAnswer(answer, res, dialect, cut);
    },
  };
  OPEN.set(res, stream);
  return stream;
}
