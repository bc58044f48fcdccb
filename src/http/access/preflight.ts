import type { IncomingMessage, ServerResponse } from 'node:http';

const TOKEN = /^[!#$%&'*+.^_`|~\w-]+$/;
const USUAL_HEADERS = 'Content-Type, Authorization, Accept, X-Requested-With';

/** Answers a browser that asks what it may send: everything, from everywhere. Also for paths that do not exist. */
export function answerPreflight(req: IncomingMessage, res: ServerResponse): void {
  res.writeHead(204, {
    'access-control-allow-origin': '*',
    'access-control-allow-methods': 'GET, POST, PUT, PATCH, DELETE, OPTIONS',
    'access-control-allow-headers': allowedHeaders(req.headers['access-control-request-headers']),
    'access-control-max-age': '86400',
  });
  res.end();
}

function allowedHeaders(requested: string | undefined): string {
  if (requested === undefined) return USUAL_HEADERS;
  return requested
    .split(',')
    .map((name) => name.trim())
    .filter((name) => TOKEN.test(name))
    .join(', ');
}
