/**
 * JSON walked in its bytes, without parsing: where something ends, or `CUT` where the text does not say. Strings are
 * skipped with `indexOf`, which is memchr: an image of 20 MB in base64 costs nearly nothing.
 */

export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const COLON = 0x3a;
export const LEFT_BRACKET = 0x5b;
export const RIGHT_BRACKET = 0x5d;
export const LEFT_BRACE = 0x7b;
export const RIGHT_BRACE = 0x7d;
const BACKSLASH = 0x5c;

/** The text ends, or stops being JSON, before what was looked for. */
export const CUT = -1;

/** Where the first value begins: behind a UTF-8 byte order mark and white space. */
export function startOfValue(body: Buffer): number {
  return skipSpace(body, body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? 3 : 0);
}

export function isContainer(byte: number | undefined): boolean {
  return byte === LEFT_BRACE || byte === LEFT_BRACKET;
}

export function skipSpace(body: Buffer, from: number): number {
  let at = from;
  for (;;) {
    const byte = body[at];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return at;
    at += 1;
  }
}

/** The index behind the closing quote. */
export function endOfString(body: Buffer, open: number): number {
  let from = open + 1;
  for (;;) {
    const quote = body.indexOf(QUOTE, from);
    if (quote === -1) return CUT;
    let slash = quote;
    while (body[slash - 1] === BACKSLASH) slash -= 1;
    // An even number of backslashes escapes only themselves.
    if ((quote - slash) % 2 === 0) return quote + 1;
    from = quote + 1;
  }
}

/** The index behind a value. */
export function endOfValue(body: Buffer, start: number): number {
  const first = body[start];
  if (first === QUOTE) return endOfString(body, start);
  if (isContainer(first)) return endOfContainer(body, start);
  for (let at = start; at < body.length; at += 1) {
    const byte = body[at] ?? 0;
    if (byte === COMMA || byte === RIGHT_BRACE || byte === RIGHT_BRACKET || byte <= 0x20) {
      return at === start ? CUT : at;
    }
  }
  return CUT;
}

/** Counts brackets instead of recursing: a megabyte of `[[[[` must not overflow the stack. */
function endOfContainer(body: Buffer, start: number): number {
  let depth = 0;
  let at = start;
  while (at < body.length) {
    const byte = body[at];
    if (byte === QUOTE) {
      at = endOfString(body, at);
      if (at === CUT) return CUT;
      continue;
    }
    at += 1;
    if (byte === LEFT_BRACE || byte === LEFT_BRACKET) depth += 1;
    else if (byte === RIGHT_BRACE || byte === RIGHT_BRACKET) {
      depth -= 1;
      if (depth === 0) return at;
    }
  }
  return CUT;
}

/** The text of a string, given its quotes; null when its escapes make no sense. */
export function readString(body: Buffer, start: number, end: number): string | null {
  const text = body.toString('utf8', start + 1, end - 1);
  if (!text.includes('\\')) return text;
  try {
    return JSON.parse(`"${text}"`) as string;
  } catch {
    return null;
  }
}
