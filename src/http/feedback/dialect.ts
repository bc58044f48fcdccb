import type { GatewayError } from '../../errors.ts';
import { errorBody } from '../errors/error-body.ts';

/** How a family of streaming endpoints speaks within an event stream. */
export interface Dialect {
  /** Whether there is a place for text that is not the answer. */
  readonly hasReasoning: boolean;
  /** An error that ends the stream, as whole events. */
  failure(error: StreamError): string;
  /** What an upstream sent in one piece although a stream was asked for, as whole events. */
  whole(json: string): string;
}

/** An error as it goes into a stream. */
export interface StreamError {
  readonly message: string;
  readonly type: string;
  readonly code: string | number | null;
  /** Everything there is to say, in OpenAI's shape: `{ error: { … } }`. */
  readonly body: object;
}

const DONE = 'data: [DONE]\n\n';

/** Chat and completions: events without names; the official clients raise what has an `error`. */
const openAi: Dialect = {
  hasReasoning: false,
  failure: ({ body }) => `data: ${JSON.stringify(body)}\n\n${DONE}`,
  whole: (json) => `data: ${json}\n\n${DONE}`,
};

const chat: Dialect = { ...openAi, hasReasoning: true };

const responses: Dialect = {
  hasReasoning: false,
  failure({ message, code, body }) {
    const event = { type: 'error', sequence_number: 0, code, message, param: null, ...body };
    return `event: error\ndata: ${JSON.stringify(event)}\n\n`;
  },
  whole: (json) => `event: response.completed\ndata: {"type":"response.completed","response":${json}}\n\n`,
};

const messages: Dialect = {
  hasReasoning: false,
  failure({ message, type }) {
    const kind = type === 'rate_limit_error' || type === 'invalid_request_error' ? type : 'api_error';
    return `event: error\ndata: ${JSON.stringify({ type: 'error', error: { type: kind, message } })}\n\n`;
  },
  whole: (json) => `data: ${json}\n\n`,
};

const BY_PATH: Readonly<Record<string, Dialect>> = {
  '/v1/chat/completions': chat,
  '/v/chat/completions': chat,
  '/v1/completions': openAi,
  '/v/completions': openAi,
  '/completion': openAi,
  '/infill': openAi,
  '/v1/responses': responses,
  '/v/responses': responses,
  '/v1/messages': messages,
  '/v/messages': messages,
};

/** @returns null for endpoints that do not answer with event streams. */
export function dialectOf(path: string): Dialect | null {
  return (Object.hasOwn(BY_PATH, path) ? BY_PATH[path] : undefined) ?? null;
}

/** One of the gateway's own errors. */
export function streamError(error: GatewayError): StreamError {
  const body = errorBody(error);
  return { message: error.message, type: body.error.type, code: error.code, body };
}

/** An error that an upstream answered with a status that can no longer be passed on. */
export function upstreamStreamError(status: number, text: string): StreamError {
  const said = errorIn(text);
  const { message, type, code } = said ?? {};
  const error = {
    ...said,
    message: typeof message === 'string' ? message : text.trim() || `The model server answered with status ${status}.`,
    type: typeof type === 'string' ? type : status < 500 ? 'invalid_request_error' : 'server_error',
    code: typeof code === 'string' || typeof code === 'number' ? code : status,
    status,
  };
  return { message: error.message, type: error.type, code: error.code, body: { error } };
}

function errorIn(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const { error } = JSON.parse(text) as { error?: unknown };
    if (typeof error === 'string') return { message: error };
    return typeof error === 'object' ? (error as Readonly<Record<string, unknown>> | null) : null;
  } catch {
    return null;
  }
}
