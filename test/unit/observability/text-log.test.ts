import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { createTextLog } from '../../../src/observability/text-log.ts';

describe('text log', () => {
  it('keeps what was written, in order', () => {
    const log = createTextLog();
    log.write('one\n');
    log.write('');
    log.write('two');
    expect(log.history()).toBe('one\ntwo');
  });

  it('keeps the end of an endless text and begins with a whole line', () => {
    const log = createTextLog({ capacity: 20_000 });
    for (let line = 0; line < 10_000; line += 1) log.write(`line ${line}\n`);
    const lines = log.history().trimEnd().split('\n');
    expect(lines.at(-1)).toBe('line 9999');
    expect(lines.every((line) => /^line \d+$/.test(line))).toBe(true);
    expect(log.history().length).toBeGreaterThan(10_000);
  });

  it('is never longer than its capacity, and always a suffix of everything written', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9_000 }),
        fc.array(fc.record({ size: fc.integer({ min: 0, max: 12_000 }), char: fc.constantFrom('a', '\n', 'é') }), {
          maxLength: 30,
        }),
        (capacity, writes) => {
          const log = createTextLog({ capacity });
          let all = '';
          for (const { size, char } of writes) {
            const text = char.repeat(size);
            all += text;
            log.write(text);
            expect(log.history().length).toBeLessThanOrEqual(capacity);
            expect(all.endsWith(log.history())).toBe(true);
            expect(all.length > capacity || log.history() === all).toBe(true);
          }
        },
      ),
    );
  });

  it('tells subscribers what follows, until they leave', () => {
    const log = createTextLog();
    const seen: string[] = [];
    log.write('before');
    const leave = log.subscribe((text) => seen.push(text));
    log.write('during');
    leave();
    leave();
    log.write('after');
    expect(seen).toEqual(['during']);
  });

  it('a subscriber that throws breaks neither the writer nor the other subscribers, and is reported once', () => {
    const report = vi.fn<(message: string) => void>();
    const log = createTextLog({ report });
    const seen: string[] = [];
    log.subscribe(() => {
      throw new Error('no');
    });
    log.subscribe((text) => seen.push(text));
    log.write('a');
    log.write('b');
    expect(seen).toEqual(['a', 'b']);
    expect(log.history()).toBe('ab');
    expect(report).toHaveBeenCalledOnce();
  });

  it('a subscriber may leave while it is being told', () => {
    const log = createTextLog();
    const seen: string[] = [];
    const leave = log.subscribe((text) => {
      seen.push(`first ${text}`);
      leave();
    });
    log.subscribe((text) => seen.push(`second ${text}`));
    log.write('x');
    log.write('y');
    expect(seen).toEqual(['first x', 'second x', 'second y']);
  });
});
