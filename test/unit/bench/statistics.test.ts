import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fewestLoads } from '../../bench/fewest-loads.ts';
import { EVENT_BYTES, readEvent, writeEvent } from '../../bench/sse-event.ts';
import { median, quantile, summary } from '../../bench/statistics.ts';
import { parseWrk } from '../../bench/wrk.ts';

describe('quantile', () => {
  it('lies between neighbours where it must', () => {
    expect(quantile([4, 1, 3, 2], 0.5)).toBe(2.5);
    expect(quantile([10, 20, 30], 0.95)).toBeCloseTo(29);
    expect(quantile([7], 0.99)).toBe(7);
  });

  it('is no number for an empty series, rather than a good one', () => {
    expect(median([])).toBeNaN();
    expect(summary([])).toBe('NaN · NaN');
  });

  it('splits any series in two halves, and leaves it as it is', () => {
    const numbers = fc.array(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), { minLength: 1 });
    fc.assert(
      fc.property(numbers, (series) => {
        const before = [...series];
        const middle = median(series);
        expect(series).toEqual(before);
        expect(series.filter((number) => number < middle).length).toBeLessThanOrEqual(series.length / 2);
        expect(series.filter((number) => number > middle).length).toBeLessThanOrEqual(series.length / 2);
      }),
    );
  });
});

describe('what wrk says', () => {
  it('becomes requests per second and milliseconds', () => {
    const figures = parseWrk('Running 1s test\nfigures 2000000 5000 640 12000 0 0 0 0 0\n');
    expect(figures).toEqual({ requests: 5000, perSecond: 2500, p50Ms: 0.64, p99Ms: 12 });
  });

  it('is an error when a single request failed, or when nothing was said', () => {
    expect(() => parseWrk('figures 2000000 5000 640 12000 0 0 0 1 0\n')).toThrow('requests failed');
    expect(() => parseWrk('unable to connect to 127.0.0.1:1\n')).toThrow('unable to connect');
  });
});

describe('an event of a stream', () => {
  it('has the length it must have, and holds what was put in', () => {
    for (const event of [
      { number: 0, sentMs: 1.25 },
      { number: 24_999, sentMs: 123_456_789.125 },
    ]) {
      const text = writeEvent(event);
      expect(text).toHaveLength(EVENT_BYTES);
      expect(readEvent(`${text}${text}`, EVENT_BYTES)).toEqual(event);
      expect(JSON.parse(text.slice('data: '.length))).toMatchObject({ n: event.number });
    }
  });
});

describe('fewest loads', () => {
  const costs = { loadMs: 100, serviceMs: 1 };

  it('serves everybody who wants the loaded model', () => {
    expect(fewestLoads([['a'], ['a'], ['a']], costs)).toEqual({ loads: 1, totalMs: 101 });
    expect(fewestLoads([['a', 'a', 'a']], costs)).toEqual({ loads: 1, totalMs: 103 });
  });

  it('loads in the order that suits all: here b first, because a is wanted after it too', () => {
    const clients = [
      ['b', 'a'],
      ['a', 'c'],
    ];
    expect(fewestLoads(clients, costs).loads).toBe(3);
  });

  it('never needs more loads than one client after the other, nor fewer than the longest row needs alone', () => {
    const client = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(fc.array(client, { minLength: 1, maxLength: 3 }), (clients) => {
        const alone = clients.map((requests) => fewestLoads([requests], costs).loads);
        const together = fewestLoads(clients, costs).loads;
        expect(together).toBeGreaterThanOrEqual(Math.max(...alone));
        expect(together).toBeLessThanOrEqual(alone.reduce((sum, loads) => sum + loads, 0));
      }),
    );
  });
});
