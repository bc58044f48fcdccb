import type { IncomingMessage, ServerResponse } from 'node:http';
import { GatewayError } from '../../errors.ts';
import { discardRest } from '../body/late-body.ts';
import { breakOff } from '../break-off.ts';
import { errorBody } from './error-body.ts';
import { openStreamOf } from '../feedback/open-stream.ts';

/** An error as it goes to a client. */
export interface RenderedError {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * JSON unless the client prefers text or a page; a client that waits for events, and one that is told to slow down,
 * always gets JSON.
 */
export function renderError(error: GatewayError, accept: string): RenderedError {
  const { status } = error;
  const headers: Record<string, string> = { 'x-content-type-options': 'nosniff' };
  if (error.retryAfterSeconds !== null)
    headers['retry-after'] = String(Math.max(1, Math.ceil(error.retryAfterSeconds)));
  if (status === 401) headers['www-authenticate'] = 'Basic realm="llama-swap"';
  const json = status === 429 || accept.includes('text/event-stream');
  if (!json && accept.includes('text/plain')) {
    headers['content-type'] = 'text/plain; charset=utf-8';
    return { status, headers, body: `llama-swap: ${error.message}\n` };
  }
  if (!json && accept.includes('text/html')) {
    headers['content-type'] = 'text/html; charset=utf-8';
    return { status, headers, body: page(error) };
  }
  headers['content-type'] = 'application/json; charset=utf-8';
  return { status, headers, body: `${JSON.stringify(errorBody(error))}\n` };
}

/** Anything that was thrown, as an error for a client. What we did not expect says nothing of our insides. */
export function toGatewayError(thrown: unknown): GatewayError {
  if (thrown instanceof GatewayError) return thrown;
  // Express refuses a path whose escapes it cannot decode with an error of its own.
  const status = (thrown as { status?: unknown } | null)?.status;
  if (status === 400) return new GatewayError('bad_request', 'The request cannot be understood.', { cause: thrown });
  return new GatewayError('internal_error', 'Something went wrong in the gateway; its log says more.', {
    cause: thrown,
  });
}

/**
 * Answers with an error if there is still somebody to answer. In an event stream that the gateway has begun it becomes
 * an event; any other answer that has begun is broken off.
 */
export function sendError(req: IncomingMessage, res: ServerResponse, error: GatewayError): void {
  if (res.destroyed || res.writableEnded) return;
  if (res.headersSent) {
    const stream = openStreamOf(res);
    if (stream === null) breakOff(res);
    else stream.fail(error);
    return;
  }
  const { status, headers, body } = renderError(error, req.headers.accept ?? '');
  res.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
  res.end(req.method === 'HEAD' ? undefined : body);
  // Whoever is refused may be sending still, and read nothing before that is done. Next turn: a pipe stops it when it ends.
  if (!req.complete) setImmediate(discardRest, req);
}

function page(error: GatewayError): string {
  return (
    `<!doctype html><meta charset="utf-8"><title>${error.status}</title>` +
    `<h1>${error.status} ${escapeHtml(error.code)}</h1><p>${escapeHtml(error.message)}</p>\n`
  );
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}
