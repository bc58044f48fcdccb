/**
 * The top-level state of an XState state value: `ready` of `{ ready: 'idle' }`. The regions of a parallel machine are
 * joined: `a+b`.
 */
export function phaseKeyOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return 'active';
  const keys = Object.keys(value);
  return keys.length === 1 ? (keys[0] ?? '') : keys.join('+');
}

/** What is below the top level, with dots: `idle` of `{ ready: 'idle' }`; null when there is nothing. */
export function subStateOf(value: unknown): string | null {
  if (typeof value !== 'object' || value === null) return null;
  const [below] = Object.values(value);
  if (typeof below === 'string') return below;
  const deeper = subStateOf(below);
  return deeper === null ? null : `${phaseKeyOf(below)}.${deeper}`;
}
