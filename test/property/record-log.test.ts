import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { ActivityRecord } from '../../src/activity/record.ts';
import { createRecordLog } from '../../src/activity/record-log.ts';
import { NO_TOKENS } from '../../src/activity/usage.ts';

const record: fc.Arbitrary<ActivityRecord> = fc.record({
  at: fc.nat(),
  model: fc.string({ unit: 'binary' }),
  path: fc.string(),
  contentType: fc.string(),
  status: fc.nat(599),
  tokens: fc.constant(NO_TOKENS),
  durationMs: fc.nat(),
  error: fc.string({ unit: 'grapheme', maxLength: 600 }),
  metadata: fc.dictionary(fc.string(), fc.string(), { maxKeys: 3, noNullPrototype: true }),
  firstTokenMs: fc.option(fc.nat()),
  queueMs: fc.option(fc.double({ min: 0, max: 1e9, noNaN: true })),
  loadMs: fc.option(fc.nat()),
  client: fc.option(fc.string()),
});

const step = fc.oneof({ weight: 9, arbitrary: record }, { weight: 1, arbitrary: fc.constant('take' as const) });

it('a log of records gives back the newest of them, as they were', () => {
  fc.assert(
    fc.property(fc.nat(6), fc.array(step, { maxLength: 40 }), (most, steps) => {
      const log = createRecordLog(() => most);
      let all: ActivityRecord[] = [];
      for (const one of steps) {
        if (one === 'take') {
          // What JSON makes of -0 is 0, and who reads it could not tell.
          expect(log.take(most)).toEqual(JSON.parse(JSON.stringify(most > 0 ? all.slice(-most) : all)));
          all = [];
        } else {
          log.push(one);
          all.push(one);
        }
        if (most > 0) expect(log.length).toBeLessThanOrEqual(most * 2);
        expect(log.length).toBeGreaterThanOrEqual(most > 0 ? Math.min(most, all.length) : all.length);
      }
    }),
  );
});
