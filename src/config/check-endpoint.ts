export type CheckEndpoint = { readonly path: string | null } | { readonly wrong: string; readonly hint: string };

/**
 * The path asked for health, null for `none`. Whatever could not be sent as a request line is refused here: found at the
 * first start of the model it would be found too late.
 */
export function parseCheckEndpoint(text: string): CheckEndpoint {
  const trimmed = text.trim();
  if (trimmed === 'none') return { path: null };
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed)) {
    return { wrong: 'must be a path, not a whole URL', hint: 'write for example checkEndpoint: /health' };
  }
  if (/%(?![0-9a-f]{2})/i.test(trimmed)) {
    return { wrong: 'has a "%" without two hexadecimal digits after it', hint: 'write %25 for a percent sign' };
  }
  if (!/^[\x21-\x7E]*$/.test(trimmed)) {
    return { wrong: 'holds characters that a URL path cannot hold', hint: 'percent-encode them: a space is %20' };
  }
  if (trimmed.includes('#'))
    return { wrong: 'holds a fragment (#…), which is never sent', hint: 'take it out, or write %23' };
  return { path: trimmed.startsWith('/') ? trimmed : `/${trimmed}` };
}
