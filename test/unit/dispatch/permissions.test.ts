import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createPermissions } from '../../../src/dispatch/permissions.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function create() {
  const events: string[] = [];
  const permissions = createPermissions({
    onTake: (model) => void events.push(`take ${model}`),
    onReturn: (model) => void events.push(`return ${model}`),
  });
  return { permissions, events };
}

test('nothing is taken while the gate is closed', () => {
  const { permissions, events } = create();
  expect(permissions.take('a')).toBe(false);
  permissions.open('a');
  permissions.close('a');
  expect(permissions.take('a')).toBe(false);
  expect(events).toEqual([]);
});

test('many uses are one lease, given back some time after the last one', () => {
  const { permissions, events } = create();
  permissions.open('a');
  for (let use = 0; use < 5; use++) expect(permissions.take('a')).toBe(true);
  for (let use = 0; use < 5; use++) permissions.giveBack('a');
  expect(events).toEqual(['take a']);
  vi.advanceTimersByTime(1_000);
  expect(events).toEqual(['take a', 'return a']);
});

test('one use after the other costs nothing in between', () => {
  const { permissions, events } = create();
  permissions.open('a');
  for (let use = 0; use < 5; use++) {
    permissions.take('a');
    permissions.giveBack('a');
    vi.advanceTimersByTime(1);
  }
  expect(events).toEqual(['take a']);
});

test('when the gate closes, what is idle goes back at once, and what is in use when it ends', () => {
  const { permissions, events } = create();
  permissions.open('a');
  permissions.take('a');
  permissions.giveBack('a');
  permissions.close('a');
  expect(events).toEqual(['take a', 'return a']);

  permissions.open('a');
  permissions.take('a');
  permissions.close('a');
  expect(events).toEqual(['take a', 'return a', 'take a']);
  permissions.giveBack('a');
  expect(events).toEqual(['take a', 'return a', 'take a', 'return a']);
});

test('whatever happens, what was taken goes back exactly once, and nothing is held without a use or an open gate', () => {
  const steps = fc.array(fc.constantFrom('open', 'close', 'take', 'give', 'wait' as const), { maxLength: 80 });
  fc.assert(
    fc.property(steps, (todo) => {
      const { permissions, events } = create();
      let uses = 0;
      let isOpen = false;
      const held = () =>
        events.filter((event) => event === 'take a').length - events.filter((event) => event === 'return a').length;
      for (const step of todo) {
        if (step === 'open') permissions.open('a');
        if (step === 'close') permissions.close('a');
        if (step === 'open' || step === 'close') isOpen = step === 'open';
        if (step === 'take' && permissions.take('a')) {
          expect(isOpen).toBe(true);
          uses++;
        }
        if (step === 'give' && uses > 0) {
          uses--;
          permissions.giveBack('a');
        }
        if (step === 'wait') vi.advanceTimersByTime(100);
        expect([0, 1]).toContain(held());
        if (uses > 0) expect(held()).toBe(1);
        if (uses === 0 && !isOpen) expect(held()).toBe(0);
      }
      for (; uses > 0; uses--) permissions.giveBack('a');
      vi.advanceTimersByTime(100);
      expect(held()).toBe(0);
    }),
  );
});
