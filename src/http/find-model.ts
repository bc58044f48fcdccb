/**
 * Finds `model` in the bytes of a JSON object without parsing it: `JSON.parse` of a 5 MB chat blocks every stream of the
 * gateway for 5–11 ms, this walk for none to 4. It looks at the outermost object only. It does not validate: whatever it
 * cannot read is either cut off or not JSON, and the upstream says so when a model was found before that.
 */
export type ModelScan =
  | {
      readonly kind: 'found';
      readonly model: string;
      /** The bytes of the value, quotes included: `body.subarray(start, end)`. */
      readonly start: number;
      readonly end: number;
      /** The object says `"stream": true`. */
      readonly stream: boolean;
    }
  /** An object without a model, or with `"model": null`; or an array. */
  | { readonly kind: 'missing' }
  | { readonly kind: 'not-a-string' }
  /** More than one `model`: one program takes the first of them, another the last. */
  | { readonly kind: 'repeated' }
  /** Not JSON from this byte on. */
  | { readonly kind: 'malformed'; readonly at: number };

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const COMMA = 0x2c;
const LEFT_BRACE = 0x7b;
const RIGHT_BRACE = 0x7d;
const LEFT_BRACKET = 0x5b;
const RIGHT_BRACKET = 0x5d;
const CUT = -1;
/** `"model"` with every letter as \uXXXX is 32 bytes; a longer key is another key. */
const LONGEST_KNOWN_KEY = 40;

export function findModel(body: Buffer): ModelScan {
  let at = skipSpace(body, startOfText(body));
  if (body[at] === LEFT_BRACKET) return { kind: 'missing' };
  if (body[at] !== LEFT_BRACE) return { kind: 'malformed', at };
  at = skipSpace(body, at + 1);

  let start = CUT;
  let end = CUT;
  let stream = false;
  let models = 0;
  let complete = body[at] === RIGHT_BRACE;
  while (!complete && body[at] === QUOTE) {
    const keyEnd = endOfString(body, at);
    if (keyEnd === CUT) break;
    const colon = skipSpace(body, keyEnd);
    if (body[colon] !== COLON) break;
    const valueStart = skipSpace(body, colon + 1);
    const valueEnd = endOfValue(body, valueStart);
    if (valueEnd === CUT) break;
    const key = knownKey(body, at, keyEnd);
    if (key === 'model') {
      models += 1;
      start = valueStart;
      end = valueEnd;
    } else if (key === 'stream') {
      stream = valueEnd - valueStart === 4 && body[valueStart] === 0x74;
    }
    at = skipSpace(body, valueEnd);
    complete = body[at] === RIGHT_BRACE;
    if (body[at] === COMMA) at = skipSpace(body, at + 1);
  }

  if (models > 1) return { kind: 'repeated' };
  if (start === CUT) return complete ? { kind: 'missing' } : { kind: 'malformed', at };
  if (body[start] === QUOTE) {
    const model = readString(body, start, end);
    return model === null ? { kind: 'malformed', at: start } : { kind: 'found', model, start, end, stream };
  }
  return body.toString('latin1', start, end) === 'null' ? { kind: 'missing' } : { kind: 'not-a-string' };
}

/** True when the first byte that is not white space opens a JSON object or array, whatever the content type says. */
export function looksLikeJson(body: Buffer): boolean {
  const first = body[skipSpace(body, startOfText(body))];
  return first === LEFT_BRACE || first === LEFT_BRACKET;
}

/** Behind a UTF-8 byte order mark, if there is one. */
function startOfText(body: Buffer): number {
  return body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? 3 : 0;
}

function skipSpace(body: Buffer, from: number): number {
  let at = from;
  for (;;) {
    const byte = body[at];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return at;
    at += 1;
  }
}

/** The index behind the closing quote. `indexOf` is memchr, so a 20 MB image in base64 costs nearly nothing. */
function endOfString(body: Buffer, open: number): number {
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

function endOfValue(body: Buffer, start: number): number {
  const first = body[start];
  if (first === QUOTE) return endOfString(body, start);
  if (first === LEFT_BRACE || first === LEFT_BRACKET) return endOfNested(body, start);
  for (let at = start; at < body.length; at += 1) {
    const byte = body[at] ?? 0;
    if (byte === COMMA || byte === RIGHT_BRACE || byte <= 0x20) return at === start ? CUT : at;
  }
  return CUT;
}

/** Counts brackets instead of recursing: a megabyte of `[[[[` must not overflow the stack. */
function endOfNested(body: Buffer, start: number): number {
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

function knownKey(body: Buffer, start: number, end: number): string | null {
  return end - start > LONGEST_KNOWN_KEY ? null : readString(body, start, end);
}

function readString(body: Buffer, start: number, end: number): string | null {
  const text = body.toString('utf8', start + 1, end - 1);
  if (!text.includes('\\')) return text;
  try {
    return JSON.parse(`"${text}"`) as string;
  } catch {
    return null;
  }
}
