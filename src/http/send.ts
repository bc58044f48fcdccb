import type { ServerResponse } from 'node:http';

/** One JSON document, with the line end that terminals like. */
export function sendJson(
  res: ServerResponse,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
  status = 200,
): void {
  sendBody(res, 'application/json; charset=utf-8', `${JSON.stringify(value)}\n`, headers, status);
}

export function sendText(res: ServerResponse, text: string): void {
  sendBody(res, 'text/plain; charset=utf-8', text, { 'x-content-type-options': 'nosniff' });
}

/** A page of our own; it runs its inline script and style and talks to this server only. */
export function sendPage(res: ServerResponse, html: string): void {
  sendBody(res, 'text/html; charset=utf-8', html, {
    'content-security-policy':
      "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'; base-uri 'none'",
    'x-content-type-options': 'nosniff',
  });
}

export function redirect(res: ServerResponse, status: 301 | 302 | 307 | 308, location: string): void {
  res.writeHead(status, { location, 'content-length': 0 }).end();
}

function sendBody(
  res: ServerResponse,
  type: string,
  body: string,
  headers: Readonly<Record<string, string>>,
  status = 200,
): void {
  res.writeHead(status, { 'content-type': type, ...headers, 'content-length': Buffer.byteLength(body) });
  // Node leaves the body out by itself when the request was a HEAD.
  res.end(body);
}

/** Whether a page is better than data: a browser asks for HTML by name, programs do not. */
export function wantsPage(accept: string | undefined): boolean {
  return accept?.includes('text/html') === true;
}
