import { GatewayError } from '../../errors.ts';
import {
  COLON,
  COMMA,
  CUT,
  endOfString,
  endOfValue,
  LEFT_BRACE,
  QUOTE,
  readString,
  RIGHT_BRACE,
  RIGHT_BRACKET,
  skipSpace,
} from '../body/json-bytes.ts';

/**
 * Walks JSON in bytes without parsing it. It does not validate: what it cannot walk over is an error, what it has no need
 * to look at is not.
 */

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
      this.keyEnd = whole(body, endOfString(body, at));
      at = skipSpace(body, this.keyEnd);
      if (body[at] !== COLON) throw malformed(at);
      at = skipSpace(body, at + 1);
    }
    this.valueStart = at;
    this.valueEnd = whole(body, endOfValue(body, at));
    this.separator = skipSpace(body, this.valueEnd);
    if (body[this.separator] !== COMMA && body[this.separator] !== close) throw malformed(this.separator);
    return true;
  }

  /** The key, or null if it is longer than so many characters or no string at all. */
  key(longest: number): string | null {
    // A character is at most six bytes: \uXXXX.
    if (this.keyEnd - this.keyStart - 2 > longest * 6) return null;
    return readString(this.#body, this.keyStart, this.keyEnd);
  }
}

/** @throws GatewayError where the text ends too early. */
function whole(body: Buffer, end: number): number {
  if (end === CUT) throw malformed(body.length);
  return end;
}

function malformed(at: number): GatewayError {
  return new GatewayError('invalid_json', `The request body is not a complete JSON object (at byte ${at}).`);
}
