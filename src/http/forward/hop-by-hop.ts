/** Headers that belong to one connection and not to the message; transfer-encoding is handled where the body is known. */
export const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'proxy-connection',
  'keep-alive',
  'te',
  'trailer',
  'upgrade',
  'proxy-authenticate',
  'proxy-authorization',
]);

/** These frame the body or name the host; nobody can have them dropped on the way. */
const NEVER_DROPPED: ReadonlySet<string> = new Set(['content-length', 'transfer-encoding', 'host']);

const NONE: readonly string[] = [];

/** The further headers that a `Connection` header makes hop-by-hop. */
export function namedByConnection(connection: string): readonly string[] {
  if (connection === '' || connection === 'keep-alive' || connection === 'close') return NONE;
  return connection
    .split(',')
    .map((token) => token.trim().toLowerCase())
    .filter((name) => !NEVER_DROPPED.has(name));
}
