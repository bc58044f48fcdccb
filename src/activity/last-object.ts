/** How often a name that turns out to be something else is passed over. */
const TRIES = 16;

/**
 * Finds `"name": { … }` in a piece of JSON that has lost its beginning or its end, the last one that is whole.
 *
 * Inside a JSON string each quote is escaped, so that `"name"` followed by a colon is a key even where the piece
 * begins in the middle of a string.
 *
 * @returns The object, or null.
 */
export function lastObject(text: string, name: string): unknown {
  const quoted = `"${name}"`;
  let at = text.lastIndexOf(quoted);
  for (let tries = 0; at !== -1 && tries < TRIES; tries += 1) {
    const object = text[at - 1] === '\\' ? null : objectAfter(text, at + quoted.length);
    if (object !== null) return object;
    at = at === 0 ? -1 : text.lastIndexOf(quoted, at - 1);
  }
  return null;
}

const COLON_AND_BRACE = /\s*:\s*\{/y;

function objectAfter(text: string, from: number): unknown {
  COLON_AND_BRACE.lastIndex = from;
  if (!COLON_AND_BRACE.test(text)) return null;
  const start = COLON_AND_BRACE.lastIndex - 1;
  const end = endOfObject(text, start);
  return end === -1 ? null : parseOrNull(text.slice(start, end));
}

function endOfObject(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at += 1) {
    const char = text[at];
    if (char === '"') {
      at = endOfString(text, at);
      if (at === -1) return -1;
    } else if (char === '{') depth += 1;
    else if (char === '}') {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return -1;
}

/** @returns Where its closing quote is, or -1. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '"') return at;
  }
  return -1;
}

/** @returns null for what is no JSON. */
export function parseOrNull(text: string): unknown {
  // What does not even begin like JSON is not worth the exception.
  if (!/^\s*[[{"\d\-tfn]/.test(text)) return null;
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
