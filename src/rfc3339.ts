const FORM = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;

/**
 * Reads a moment as RFC 3339 writes it: date, capital T, time with seconds, zone.
 *
 * @returns Epoch milliseconds, or null when the text is anything else or no such day exists.
 */
export function parseRfc3339(text: string): number | null {
  const match = FORM.exec(text);
  if (match === null) return null;
  const [year = 0, month = 0, day = 0, hour = 0] = match.slice(1).map(Number);
  // The parser of the language takes 31 February for 3 March, and 24:00 for the next day.
  if (hour > 23 || new Date(Date.UTC(year, month - 1, day)).getUTCDate() !== day) return null;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : at;
}

/** A moment in the local time zone, to the second: `2026-01-31T13:00:41Z` or with an offset. */
export function formatRfc3339(at: number): string {
  const seconds = Math.floor(at / 1000);
  const offset = -new Date(at).getTimezoneOffset();
  const local = new Date((seconds + offset * 60) * 1000).toISOString().slice(0, 19);
  if (offset === 0) return `${local}Z`;
  const minutes = Math.abs(offset);
  return `${local}${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

function two(number: number): string {
  return String(number).padStart(2, '0');
}
