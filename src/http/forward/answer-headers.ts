import type { IncomingHttpHeaders } from 'node:http';
import { HOP_BY_HOP, namedByConnection } from './hop-by-hop.ts';

/** The id that the client sent or was given counts, and how the body is framed is a matter between node and the client. */
const NOT_PASSED_ON: ReadonlySet<string> = new Set([...HOP_BY_HOP, 'transfer-encoding', 'x-request-id']);

/**
 * What a client gets of the headers of an upstream's answer: names and values in turn, which node writes out as they are.
 *
 * @param theirs Names in lower case and values in turn.
 */
export function answerHeaders(theirs: readonly string[]): string[] {
  const ours: string[] = [];
  const named = namedByConnection(valueOf(theirs, 'connection'));
  for (let at = 0; at < theirs.length; at += 2) {
    const name = theirs[at] ?? '';
    if (!NOT_PASSED_ON.has(name) && !named.includes(name)) ours.push(name, theirs[at + 1] ?? '');
  }
  if (valueOf(ours, 'content-type').includes('text/event-stream')) {
    const place = placeOf(ours, 'x-accel-buffering');
    if (place === -1) ours.push('x-accel-buffering', 'no');
    else ours[place + 1] = 'no';
  }
  return ours;
}

/** As node shows the headers of an answer that it has read itself. */
export function headersOf(pairs: readonly string[]): IncomingHttpHeaders {
  const headers: IncomingHttpHeaders = {};
  for (let at = 0; at < pairs.length; at += 2) {
    const name = pairs[at] ?? '';
    const value = pairs[at + 1] ?? '';
    const before = Object.hasOwn(headers, name) ? headers[name] : undefined;
    if (name === 'set-cookie') headers[name] = [...(headers[name] ?? []), value];
    else headers[name] = before === undefined ? value : `${String(before)}, ${value}`;
  }
  return headers;
}

function placeOf(pairs: readonly string[], name: string): number {
  for (let at = 0; at < pairs.length; at += 2) if (pairs[at] === name) return at;
  return -1;
}

/** The first of them; '' when there is none. */
function valueOf(pairs: readonly string[], name: string): string {
  const place = placeOf(pairs, name);
  return place === -1 ? '' : (pairs[place + 1] ?? '');
}
