import { GatewayError } from '../../errors.ts';

/**
 * Walks JSON in bytes without parsing it. Strings are skipped with `indexOf` (memchr): 20 MB of base64 cost nearly
 * nothing. It does not validate: what it cannot walk over is an error, what it has no need to look at is not.
 */
export const COMMA = 0x2c;
const LEFT_BRACE = 0x7b;
const LEFT_BRACKET = 0x5b;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const RIGHT_BRACE = 0x7d;
const RIGHT_BRACKET = 0x5d;

/**
 * The members of an object or the elements of an array, one after the other, without an object for each:
 *
 * ```
 *   {  "key" :  value  ,  "next"…
 *    ^ ^   ^    ^    ^ ^
 *    | | keyEnd |    | separator: the comma or the closing bracket
 *    | keyStart | valueEnd
 *    start      valueStart
 * ```
 */
export class MemberCursor {
  readonly isObject: boolean;
  /** Counts from 0; the number of members once `next` was false. */
  ordinal = -1;
  start = 0;
  keyStart = 0;
  keyEnd = 0;
  valueStart = 0;
  valueEnd = 0;
  /** After the last member: the closing bracket. */
  separator: number;
  readonly #body: Buffer;

  /** @param open Where the opening bracket is. */
  constructor(body: Buffer, open: number) {
    this.#body = body;
    this.isObject = body[open] === LEFT_BRACE;
    this.separator = open;
  }

  /** @throws GatewayError `invalid_json` where the text cannot be walked. */
  next(): boolean {
    const body = this.#body;
    const close = this.isObject ? RIGHT_BRACE : RIGHT_BRACKET;
    this.ordinal += 1;
    if (this.ordinal > 0 && body[this.separator] === close) return false;
    this.start = this.separator + 1;
    let at = skipSpace(body, this.start);
    if (this.ordinal === 0 && body[at] === close) {
      this.separator = at;
      return false;
    }
    if (this.isObject) {
      if (body[at] !== QUOTE) throw malformed(at);
      this.keyStart = at;
      this.keyEnd = endOfString(body, at);
      at = skipSpace(body, this.keyEnd);
      if (body[at] !== COLON) throw malformed(at);
      at = skipSpace(body, at + 1);
    }
    this.valueStart = at;
    this.valueEnd = endOfValue(body, at);
    this.separator = skipSpace(body, this.valueEnd);
    if (body[this.separator] !== COMMA && body[this.separator] !== close) throw malformed(this.separator);
    return true;
  }

  /** The key, or null if it is longer than so many characters or no string at all. */
  key(longest: number): string | null {
    // A character is at most six bytes: \uXXXX.
    if (this.keyEnd - this.keyStart - 2 > longest * 6) return null;
    const text = this.#body.toString('utf8', this.keyStart + 1, this.keyEnd - 1);
    if (!text.includes('\\')) return text;
    try {
      return JSON.parse(`"${text}"`) as string;
    } catch {
      return null;
    }
  }
}

/** Where the first value begins: behind a UTF-8 byte order mark and white space. */
export function startOfValue(body: Buffer): number {
  return skipSpace(body, body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? 3 : 0);
}

export function isContainer(byte: number | undefined): boolean {
  return byte === LEFT_BRACE || byte === LEFT_BRACKET;
}

function skipSpace(body: Buffer, from: number): number {
  let at = from;
  for (;;) {
    const byte = body[at];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return at;
    at += 1;
  }
}

/** The index behind the closing quote. */
function endOfString(body: Buffer, open: number): number {
  let from = open + 1;
  for (;;) {
    const quote = body.indexOf(QUOTE, from);
    if (quote === -1) throw malformed(body.length);
    let slash = quote;
    while (body[slash - 1] === BACKSLASH) slash -= 1;
    // An even number of backslashes escapes only themselves.
    if ((quote - slash) % 2 === 0) return quote + 1;
    from = quote + 1;
  }
}

function endOfValue(body: Buffer, start: number): number {
  const first = body[start];
  if (first === QUOTE) return endOfString(body, start);
  if (isContainer(first)) return endOfContainer(body, start);
  let at = start;
  for (; at < body.length; at += 1) {
    const byte = body[at] ?? 0;
    if (byte === COMMA || byte === RIGHT_BRACE || byte === RIGHT_BRACKET || byte <= 0x20) break;
  }
  if (at === start || at === body.length) throw malformed(at);
  return at;
}

/** Counts brackets instead of recursing: a megabyte of `[[[[` must not overflow the stack. */
function endOfContainer(body: Buffer, start: number): number {
  let depth = 0;
  let at = start;
  while (at < body.length) {
    const byte = body[at];
    if (byte === QUOTE) {
      at = endOfString(body, at);
      continue;
    }
    at += 1;
    if (byte === LEFT_BRACE || byte === LEFT_BRACKET) depth += 1;
    else if (byte === RIGHT_BRACE || byte === RIGHT_BRACKET) {
      depth -= 1;
      if (depth === 0) return at;
    }
  }
  throw malformed(at);
}

function malformed(at: number): GatewayError {
  return new GatewayError('invalid_json', `The request body is not a complete JSON object (at byte ${at}).`);
}
