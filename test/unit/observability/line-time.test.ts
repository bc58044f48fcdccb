import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { formatLineTime } from '../../../src/observability/line-time.ts';

const { TZ } = process.env;

function inZone(zone: string): void {
  process.env['TZ'] = zone;
}

afterEach(() => {
  if (TZ === undefined) delete process.env['TZ'];
  else process.env['TZ'] = TZ;
});

describe('the time of a line', () => {
  beforeEach(() => inZone('America/St_Johns'));

  it.each([
    ['ansic', 'Sun Mar  1 15:04:05 2026'],
    ['unixdate', 'Sun Mar  1 15:04:05 NST 2026'],
    ['rubydate', 'Sun Mar 01 15:04:05 -0330 2026'],
    ['rfc822', '01 Mar 26 15:04 NST'],
    ['rfc822z', '01 Mar 26 15:04 -0330'],
    ['rfc850', 'Sunday, 01-Mar-26 15:04:05 NST'],
    ['rfc1123', 'Sun, 01 Mar 2026 15:04:05 NST'],
    ['rfc1123z', 'Sun, 01 Mar 2026 15:04:05 -0330'],
    ['rfc3339', '2026-03-01T15:04:05-03:30'],
    ['rfc3339nano', '2026-03-01T15:04:05.07-03:30'],
    ['kitchen', '3:04PM'],
    ['stamp', 'Mar  1 15:04:05'],
    ['stampmilli', 'Mar  1 15:04:05.070'],
    ['stampmicro', 'Mar  1 15:04:05.070000'],
    ['stampnano', 'Mar  1 15:04:05.070000000'],
  ] as const)('%s is written as Go writes it', (format, text) => {
    expect(formatLineTime(format, new Date('2026-03-01T18:34:05.070Z'))).toBe(text);
  });
});

describe('the edges of the day', () => {
  beforeEach(() => inZone('UTC'));

  it.each([
    ['2026-12-31T00:00:00.000Z', 'kitchen', '12:00AM'],
    ['2026-12-31T12:09:00.000Z', 'kitchen', '12:09PM'],
    ['2026-12-31T12:00:00.000Z', 'rfc3339nano', '2026-12-31T12:00:00Z'],
    ['2026-12-31T12:00:00.100Z', 'rfc3339nano', '2026-12-31T12:00:00.1Z'],
    ['2026-12-31T12:00:00.000Z', 'rfc1123', 'Thu, 31 Dec 2026 12:00:00 UTC'],
  ] as const)('%s as %s', (at, format, text) => {
    expect(formatLineTime(format, new Date(at))).toBe(text);
  });
});

describe('the name of the zone', () => {
  it.each([
    ['Europe/Berlin', 'CET'],
    ['Asia/Kolkata', 'IST'],
    ['America/Sao_Paulo', '-03'],
    ['Asia/Kathmandu', '+0545'],
  ])('%s is %s', (zone, name) => {
    inZone(zone);
    expect(formatLineTime('rfc822', new Date('2026-01-15T06:03:03Z')).split(' ').at(-1)).toBe(name);
  });
});
