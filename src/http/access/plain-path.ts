/** Each percent sign of a text, with the two digits that should follow it. */
const ESCAPES = /%([0-9a-f]{2})?/gi;
/** What means the same with and without an escape (RFC 3986, 2.3), but for the dot: no escape makes a dot segment. */
const UNRESERVED = /[\w~-]/;
const PASSAGE = /^\/(?:upstream|comfyui)\//;

/** The path and query of a URL that may have come whole, as clients of a proxy send it. */
export function originForm(url: string): string {
  if (url.startsWith('/')) return url;
  const slash = url.indexOf('/', url.indexOf('://') + 3);
  return slash === -1 ? '/' : url.slice(slash);
}

/** Whether what follows in a path belongs to an upstream, which makes of it what it likes. The path must be a plain one. */
export function isPassage(path: string): boolean {
  return PASSAGE.test(path);
}

/**
 * The same URL with nothing escaped in its path that need not be: `/v1/mod%65ls` is `/v1/models`. Whatever an escape
 * keeps apart stays apart (`%2F`, `%25`, `%3F`), so nothing is ever decoded twice. Below `/upstream/` and `/comfyui/` the
 * rest stays as it came.
 *
 * To be called before anything looks at the path, so that guards and routes see one and the same.
 *
 * @returns null where a percent sign begins no escape.
 */
export function plainPath(url: string): string | null {
  if (!url.includes('%')) return url;
  const queryAt = url.indexOf('?');
  const end = queryAt === -1 ? url.length : queryAt;
  const slash = url.indexOf('/', 1);
  const firstEnd = slash === -1 || slash > end ? end : slash + 1;
  const first = plain(url.slice(0, firstEnd));
  if (first === null) return null;
  if (isPassage(first)) return first + url.slice(firstEnd);
  const rest = plain(url.slice(firstEnd, end));
  return rest === null ? null : first + rest + url.slice(end);
}

function plain(text: string): string | null {
  let isBroken = false;
  const result = text.replaceAll(ESCAPES, (escape, digits: string | undefined) => {
    isBroken ||= digits === undefined;
    const char = String.fromCharCode(Number.parseInt(digits ?? '', 16));
    return UNRESERVED.test(char) ? char : escape;
  });
  return isBroken ? null : result;
}
