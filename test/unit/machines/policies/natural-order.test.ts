import { expect, test } from 'vitest';
import { compareNaturally } from '../../../../machines/orchestrator/policies/natural-order.ts';

test.each([
  [
    ['s10', 's9', 's1', 's'],
    ['s', 's1', 's9', 's10'],
  ],
  [
    ['b', 'a', 'B', 'A'],
    ['A', 'B', 'a', 'b'],
  ],
  [
    ['a', '_', '-', '1'],
    ['-', '_', '1', 'a'],
  ],
  [
    ['sa', 's_', 's1'],
    ['s_', 's1', 'sa'],
  ],
  // After a digit both share, a letter comes first.
  [
    ['1_', '1a', '12'],
    ['1a', '1_', '12'],
  ],
  [
    ['v1.10', 'v1.9', 'v1.2'],
    ['v1.2', 'v1.9', 'v1.10'],
  ],
  [
    ['s100', 's10', 's101'],
    ['s10', 's100', 's101'],
  ],
  [
    ['s01', 's1', 's001', 's2'],
    ['s1', 's01', 's001', 's2'],
  ],
  [
    ['x99999999999999999999', 'x99999999999999999998'],
    ['x99999999999999999998', 'x99999999999999999999'],
  ],
])('%j becomes %j', (names, sorted) => {
  expect([...names].sort(compareNaturally)).toEqual(sorted);
  expect([...names].reverse().sort(compareNaturally)).toEqual(sorted);
});
