const HIDDEN = '[REDACTED]';

/** Headers that hold a secret, whoever sends them. */
const SECRET = new Set([
  'authorization',
  'proxy-authorization',
  'cookie',
  'set-cookie',
  'x-api-key',
  'api-key',
  'x-auth-token',
  'x-goog-api-key',
]);

/** As node gives them, and takes them. */
export type Headers = Readonly<Record<string, string | number | readonly string[] | undefined>>;

/**
 * Headers as people may see them: canonical names (`X-Api-Key`), the first value of each, secrets hidden.
 *
 * @param omit A lower-case name to leave out.
 */
export function redactHeaders(headers: Headers, omit = ''): Record<string, string> {
  const shown: Record<string, string> = {};
  for (const name of Object.keys(headers)) {
    const value = headers[name];
    const key = name.toLowerCase();
    const first = typeof value === 'object' ? value[0] : value;
    if (first === undefined || key === omit) continue;
    shown[canonicalName(key)] = SECRET.has(key) ? HIDDEN : String(first);
  }
  return shown;
}

/** Clients use the same few names again and again; a hostile one must not fill the memory with others. */
const MOST_NAMES = 500;
const canonicalNames = new Map<string, string>();

function canonicalName(name: string): string {
  const known = canonicalNames.get(name);
  if (known !== undefined) return known;
  const canonical = name.replaceAll(/(^|-)[a-z]/g, (start) => start.toUpperCase());
  if (canonicalNames.size < MOST_NAMES) canonicalNames.set(name, canonical);
  return canonical;
}
