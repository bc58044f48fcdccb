import { http } from '../node-http.ts';
import { parseOrNull } from './last-object.ts';
import { isFields } from './usage.ts';

const LONGEST_BYTES = 500;

/** What went wrong, in the words of an answer that is not a 200: its JSON message, or else its status. */
export function errorMessage(status: number, body: string): string {
  const value = parseOrNull(body);
  const said = isFields(value) ? candidates(value).find(isText) : undefined;
  return said === undefined ? statusText(status) : shorten(said.trim());
}

/** `404 Not Found`, or `HTTP 799` for a code that nobody knows. */
export function statusText(status: number): string {
  const text = http.STATUS_CODES[status];
  return text === undefined ? `HTTP ${status}` : `${status} ${text}`;
}

function candidates(value: Readonly<Record<string, unknown>>): unknown[] {
  const { error } = value;
  return [isFields(error) ? error['message'] : undefined, error, value['message'], value['detail']];
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== '';
}

/** @returns At most 500 bytes of it, whole characters only. */
function shorten(text: string): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= LONGEST_BYTES) return text;
  return `${bytes.toString('utf8', 0, LONGEST_BYTES).replace(/\uFFFD+$/, '')}...`;
}
