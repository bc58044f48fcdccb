import type { IncomingHttpHeaders } from 'node:http';

/** A request whose body is in memory. */
export interface UpstreamRequest {
  readonly method: string;
  /** With its query; only characters that a request line may hold. */
  readonly path: string;
  /** What node has read from a client, or as strict as that. They frame the body and say nothing about the connection. */
  readonly headers: IncomingHttpHeaders;
  readonly body: readonly Buffer[];
}

/** Larger bodies are not copied to get them into one packet with their head. */
const COPY_BELOW_BYTES = 64 * 1024;

/** The request as it is sent: one buffer when it is small, else the pieces behind the head. */
export function requestBytes({ method, path, headers, body }: UpstreamRequest): readonly Buffer[] {
  let head = `${method} ${path} HTTP/1.1\r\n`;
  for (const name in headers) {
    const value = headers[name];
    if (typeof value === 'string') head += `${name}: ${value}\r\n`;
    else if (Array.isArray(value)) for (const one of value) head += `${name}: ${one}\r\n`;
  }
  head += 'connection: keep-alive\r\n\r\n';
  let size = head.length;
  for (const piece of body) size += piece.length;
  if (size > COPY_BELOW_BYTES) return [Buffer.from(head, 'latin1'), ...body];
  const bytes = Buffer.allocUnsafe(size);
  let at = bytes.write(head, 'latin1');
  for (const piece of body) at += piece.copy(bytes, at);
  return [bytes];
}
