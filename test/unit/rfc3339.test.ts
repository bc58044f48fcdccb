import { describe, expect, it } from 'vitest';
import { formatRfc3339, parseRfc3339 } from '../../src/rfc3339.ts';

describe('RFC 3339', () => {
  it.each([
    ['2026-01-31T13:00:41Z', Date.UTC(2026, 0, 31, 13, 0, 41)],
    ['2026-01-31T13:00:41.5+02:00', Date.UTC(2026, 0, 31, 11, 0, 41, 500)],
    ['2024-02-29T00:00:00.123456789Z', Date.UTC(2024, 1, 29, 0, 0, 0, 123)],
  ])('reads %s', (text, at) => {
    expect(parseRfc3339(text)).toBe(at);
  });

  it.each([
    '',
    'now',
    '2026-01-31',
    '2026-01-31T13:00Z',
    '2026-01-31T13:00:41',
    '2026-01-31t13:00:41z',
    '2026-01-31 13:00:41Z',
    '2026-02-31T00:00:00Z',
    '2025-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-01-31T24:00:00Z',
    '2026-01-31T13:00:41+25:00',
  ])('refuses %j', (text) => {
    expect(parseRfc3339(text)).toBeNull();
  });

  it('writes what it can read, to the second', () => {
    const at = Date.UTC(2026, 5, 1, 12, 0, 41, 999);
    expect(formatRfc3339(at)).toMatch(/^2026-0[56]-\d\dT\d\d:\d\d:41(Z|[+-]\d\d:\d\d)$/);
    expect(parseRfc3339(formatRfc3339(at))).toBe(at - 999);
  });
});
