import { announcedIdleMs } from './keep-alive.ts';
import { MalformedAnswer } from './malformed-answer.ts';

/** What stands before the body of an answer. */
export interface AnswerHead {
  readonly status: number;
  /** The words behind the status; often ''. */
  readonly reason: string;
  /** Names, in lower case, and values in turn, as they came. Values hold one character per byte. */
  readonly headers: readonly string[];
  /** The body: so many bytes, in chunks, or all that comes until the connection is closed. */
  readonly body: number | 'chunked' | 'until-close';
  /** Whether the connection may be used again afterwards. */
  readonly keepsAlive: boolean;
  /** For how long the server says that it keeps an idle connection, in milliseconds; null when it does not say. */
  readonly idleMs: number | null;
}

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: (.*))?$/;
/** RFC 9110, section 5.6.2. */
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;
/** Anything that is neither text nor the end of a line: half of such an end, too. */
// oxlint-disable-next-line no-control-regex -- these are what is looked for
const NOT_TEXT = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)|(?<!\r)\n/;
const DIGITS = /^\d{1,15}$/;

/**
 * Reads status line and headers, as strictly as RFC 9112 asks of somebody who passes them on: whatever two programs could
 * understand differently (two lengths, a length and chunks, a folded line, a space before the colon) is refused.
 *
 * @param text All lines up to the empty one, one character per byte.
 * @param method Of the request: no body follows a HEAD.
 * @throws MalformedAnswer
 */
export function parseAnswerHead(text: string, method: string): AnswerHead {
  const lines = text.split('\r\n');
  const [line = ''] = lines;
  const start = STATUS_LINE.exec(line);
  if (start === null) throw new MalformedAnswer('no status line');
  if (NOT_TEXT.test(text)) throw new MalformedAnswer('headers that are no text');
  const status = Number(start[2]);
  const isOld = start[1] === '0';

  const headers: string[] = [];
  let length: number | null = null;
  let coding: string | null = null;
  let connection = '';
  let idleMs: number | null = null;
  for (let at = 1; at < lines.length; at += 1) {
    const header = lines[at] ?? '';
    const colon = header.indexOf(':');
    const name = nameOf(header.slice(0, Math.max(0, colon)));
    const value = withoutSpace(header, colon + 1);
    headers.push(name, value);
    switch (name) {
      case 'content-length':
        if (length !== null || !DIGITS.test(value)) throw new MalformedAnswer('a content length that is none');
        length = Number(value);
        break;
      case 'transfer-encoding':
        coding = coding === null ? value.toLowerCase() : `${coding}, ${value.toLowerCase()}`;
        break;
      case 'connection':
        connection += `,${value.toLowerCase()}`;
        break;
      case 'keep-alive':
        idleMs = announcedIdleMs(value);
        break;
      default:
    }
  }
  if (coding !== null && (length !== null || isOld)) throw new MalformedAnswer('a body framed in two ways');
  const body = framing(status, method, length, coding);
  const persists = isOld ? hasToken(connection, 'keep-alive') : !hasToken(connection, 'close');
  const keepsAlive = body !== 'until-close' && persists;
  return { status, reason: start[3] ?? '', headers, body, keepsAlive, idleMs };
}

/** Servers use the same few names again and again; a hostile one must not fill the memory with others. */
const MOST_NAMES = 500;
const names = new Map<string, string>();

/** In lower case. @throws MalformedAnswer for what is no name */
function nameOf(written: string): string {
  const known = names.get(written);
  if (known !== undefined) return known;
  if (!TOKEN.test(written)) throw new MalformedAnswer('a header that is none');
  const name = written.toLowerCase();
  if (names.size < MOST_NAMES) names.set(written, name);
  return name;
}

/** A value without the spaces and tabs around it; others belong to it. */
function withoutSpace(header: string, from: number): string {
  let start = from;
  let end = header.length;
  while (start < end && isSpace(header.charCodeAt(start))) start += 1;
  while (end > start && isSpace(header.charCodeAt(end - 1))) end -= 1;
  return header.slice(start, end);
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** RFC 9112, section 6.3. */
function framing(status: number, method: string, length: number | null, coding: string | null): AnswerHead['body'] {
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return 0;
  if (coding === null) return length ?? 'until-close';
  if (coding === 'chunked') return 'chunked';
  // Nothing was asked for that would allow another coding.
  throw new MalformedAnswer('a transfer encoding that nobody asked for');
}

function hasToken(list: string, token: string): boolean {
  return list !== '' && list.split(',').some((one) => one.trim() === token);
}
