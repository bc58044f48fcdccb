import type { ServerResponse } from 'node:http';
import type { ModelId } from '../../../machines/shared/ids.ts';
import type { Phase } from '../../../machines/shared/phase.ts';
import { findModel } from '../body/find-model.ts';
import type { Payload } from '../forward/flight.ts';
import { type Dialect, dialectOf } from './dialect.ts';
import { createLoadingText } from './loading-text.ts';
import { type OpenStream, openStream, openStreamOf } from './open-stream.ts';

/** Between two looks at what is going on. A transition of the model is told at once. */
const LOOK_EVERY_MS = 1_000;

export interface FeedbackTimes {
  /** Who waits for less is told nothing: the upstream's status and headers then reach the client. */
  readonly loadingAfterMs: number;
  /** Between two comments, and before the first, which opens the stream of a client that did not ask for news. */
  readonly keepAliveMs: number;
}

export const FEEDBACK_TIMES: FeedbackTimes = { loadingAfterMs: 200, keepAliveMs: 10_000 };

export interface FeedbackDeps {
  readonly times: FeedbackTimes;
  readonly phaseOf: (model: ModelId) => Phase;
  /** Among all who wait; 1 = next. */
  readonly positionOf: (signal: AbortSignal) => number | null;
  /** null when it has not been measured. */
  readonly measuredLoadMs: (model: ModelId) => number | null;
  /** Hears of every transition of an actor. @returns Ends the subscription. */
  readonly onTransition: (listener: (transition: { readonly actor: string }) => void) => () => void;
}

/** Somebody who waits for a model. */
export interface WaitingClient {
  readonly res: ServerResponse;
  /** As the client asked for it. */
  readonly path: string;
  /** Holds the body that goes upstream. */
  readonly payload: Payload;
  /** The model as the client calls it. */
  readonly name: string;
  readonly model: ModelId;
  /** What it waits with. */
  readonly signal: AbortSignal;
  /** Since when, on the clock of `performance.now()`. */
  readonly startedAt: number;
  /** Whether the model tells streaming chats about its loading. */
  readonly sendsLoadingState: boolean;
}

/** Keeps a client that waits for a stream informed, or at least connected, until `end`. For one that waits long. */
export interface WaitFeedback {
  /** @param isGranted whether the wait ended well */
  end(isGranted: boolean): void;
}

/**
 * INVARIANTS
 * - The response is begun here only for a client that asked for a stream, and only after a wait; until then errors keep
 *   their status.
 * - What is sent are whole events or comments, each at once: nothing is typed out, and a grant never waits for text.
 *
 * @returns null for an endpoint that has no streams.
 */
export function beginFeedback(client: WaitingClient, deps: FeedbackDeps): WaitFeedback | null {
  const dialect = dialectOf(client.path);
  if (dialect === null) return null;
  return dialect.hasReasoning && client.sendsLoadingState
    ? tellLoading(client, dialect, deps)
    : keepAlive(client, dialect, deps);
}

/** For every dialect: comments, which clients skip. In a stream that is open they go on until the upstream answers. */
function keepAlive(client: WaitingClient, dialect: Dialect, { times }: FeedbackDeps): WaitFeedback {
  const timer = setInterval(() => {
    const stream = streamTo(client, dialect);
    if (stream === null) clearInterval(timer);
    else stream.write(': waiting for the model\n\n');
  }, times.keepAliveMs);
  return {
    end(isGranted) {
      if (!isGranted || openStreamOf(client.res) === null) clearInterval(timer);
    },
  };
}

/** For chats: the loading is told as reasoning, which clients show apart from the answer. */
function tellLoading(client: WaitingClient, dialect: Dialect, deps: FeedbackDeps): WaitFeedback {
  const { model, signal, startedAt } = client;
  const toChunk = chunkMaker(client);
  const text = createLoadingText(model);
  const comments = keepAlive(client, dialect, deps);
  const stream = streamTo(client, dialect);
  if (stream === null) return comments;
  say(stream, text.opening());
  look(stream);
  const looking = setInterval(() => look(stream), LOOK_EVERY_MS);
  const unsubscribe = deps.onTransition(({ actor }) => {
    if (actor === `model:${model}`) look(stream);
  });

  function say(to: OpenStream, line: string): void {
    if (line !== '') to.write(toChunk(line));
  }

  function look(to: OpenStream): void {
    const facts = {
      phase: deps.phaseOf(model),
      position: deps.positionOf(signal),
      waitedMs: performance.now() - startedAt,
      loadMs: deps.measuredLoadMs(model),
    };
    say(to, text.news(facts));
  }

  return {
    end(isGranted) {
      comments.end(isGranted);
      clearInterval(looking);
      unsubscribe();
      if (isGranted) say(stream, text.closing(performance.now() - startedAt));
    },
  };
}

/** @returns null where none is wanted, or none is possible any more. */
function streamTo({ res, payload }: WaitingClient, dialect: Dialect): OpenStream | null {
  if (res.destroyed || res.writableEnded) return null;
  if (res.headersSent) return openStreamOf(res);
  // Looked for only now: most requests find their model ready.
  const scan = findModel(Buffer.concat(payload.pieces));
  return scan.kind === 'found' && scan.stream ? openStream(res, dialect) : null;
}

/** A chunk as every client of chats reads it. It says no role: some clients would add it to that of the answer. */
function chunkMaker({ name }: WaitingClient): (text: string) => string {
  const created = Math.floor(Date.now() / 1000);
  const common = { id: `chatcmpl-loading-${created}`, object: 'chat.completion.chunk', created, model: name };
  return (text) => {
    const choices = [{ index: 0, delta: { reasoning_content: text }, finish_reason: null }];
    return `data: ${JSON.stringify({ ...common, choices })}\n\n`;
  };
}
