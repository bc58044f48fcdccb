import {
  COLON,
  COMMA,
  CUT,
  endOfString,
  endOfValue,
  isContainer,
  LEFT_BRACE,
  LEFT_BRACKET,
  QUOTE,
  readString,
  RIGHT_BRACE,
  skipSpace,
  startOfValue,
} from './json-bytes.ts';

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

/** `"model"` with every letter as \uXXXX is 32 bytes; a longer key is another key. */
const LONGEST_KNOWN_KEY = 40;

export function findModel(body: Buffer): ModelScan {
  let at = startOfValue(body);
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
  return isContainer(body[startOfValue(body)]);
}

function knownKey(body: Buffer, start: number, end: number): string | null {
  return end - start > LONGEST_KNOWN_KEY ? null : readString(body, start, end);
}
