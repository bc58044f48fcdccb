import { describe, expect, it } from 'vitest';
import { fewestLoads } from '../../bench/fewest-loads.ts';
import { loadsWithoutForesight } from '../../bench/loads-without-foresight.ts';

/** Every way in which clients may ask, the next model never the one before, beginning with model 0 loaded. */
function plans(clients: number, models: number, each: number): string[][][] {
  const rows = (left: number, last: number): string[][] =>
    left === 0
      ? [[]]
      : Array.from({ length: models }, (_, model) => model)
          .filter((model) => model !== last)
          .flatMap((model) => rows(left - 1, model).map((row) => [String(model), ...row]));
  return clients === 0
    ? [[]]
    : plans(clients - 1, models, each).flatMap((plan) => rows(each, 0).map((row) => [...plan, row]));
}

describe('loads without foresight', () => {
  it('are one for each request of a client that is alone, and of all who can only ask for the same', () => {
    expect(loadsWithoutForesight(1, 5, 7)).toBe(7);
    expect(loadsWithoutForesight(4, 2, 7)).toBe(7);
  });

  it('are shared by chance: two clients with two models to choose from', () => {
    expect(loadsWithoutForesight(2, 3, 1)).toBe(1.5);
  });

  it('are no fewer than with foresight, and the same where there is nothing to foresee', () => {
    const average = (clients: number, models: number, each: number) => {
      const all = plans(clients, models, each);
      const costs = { loadMs: 1000, serviceMs: 1 };
      return all.reduce((sum, plan) => sum + fewestLoads(plan, costs).loads, 0) / all.length;
    };
    expect(loadsWithoutForesight(3, 4, 1)).toBeCloseTo(average(3, 4, 1), 9);
    expect(loadsWithoutForesight(2, 4, 3)).toBeGreaterThan(average(2, 4, 3));
  });
});
