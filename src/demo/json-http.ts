import type { IncomingMessage, ServerResponse } from 'node:http';

export type Json = Readonly<Record<string, unknown>>;

const MAX_BODY_BYTES = 64 * 1024 * 1024;

/** An answer that is an error in OpenAI's shape. */
export class StandInError extends Error {
  override readonly name = 'StandInError';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Reads a request body that must be one JSON object, whatever its content type says. */
export async function readJson(req: IncomingMessage): Promise<Json> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of req as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new StandInError(413, 'The body is too large.');
    chunks.push(chunk);
  }
  const value = parse(Buffer.concat(chunks).toString('utf8'));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new StandInError(400, 'The body must be a JSON object.');
  }
  return value as Json;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new StandInError(400, 'The body is not JSON.');
  }
}

export function sendJson(res: ServerResponse, status: number, body: Json): void {
  const text = JSON.stringify(body);
  res.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
  });
  res.end(text);
}

export function sendError(res: ServerResponse, status: number, message: string): void {
  const type = status === 503 ? 'unavailable_error' : 'invalid_request_error';
  sendJson(res, status, { error: { code: status, message, type } });
}

export function startEvents(res: ServerResponse): void {
  res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
}

export function sendEvent(res: ServerResponse, data: Json | '[DONE]'): void {
  res.write(`data: ${data === '[DONE]' ? data : JSON.stringify(data)}\n\n`);
}
