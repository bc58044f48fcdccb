import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createPermissions } from '../../../src/dispatch/permissions.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function create() {
  const events: string[] = [];
  const permissions = createPermissions({
    onTake: (model) => void events.push(`take ${model}`),
    onSplit: (model, more) => void events.push(...Array<string>(more).fill(`take ${model}`)),
    onReturn: (model) => void events.push(`return ${model}`),
  });
  return { permissions, events };
}

test('nothing is taken while the gate is closed', () => {
  const { permissions, events } = create();
  expect(permissions.take('a')).toBe(false);
  permissions.open('a', null);
  permissions.close('a');
  expect(permissions.take('a')).toBe(false);
  expect(events).toEqual([]);
});

test('many uses are one lease, given back some time after the last one', () => {
  const { permissions, events } = create();
  permissions.open('a', null);
  for (let use = 0; use < 5; use++) expect(permissions.take('a')).toBe(true);
  for (let use = 0; use < 5; use++) permissions.giveBack('a');
  expect(events).toEqual(['take a']);
  vi.advanceTimersByTime(1_000);
  expect(events).toEqual(['take a', 'return a']);
});

test('one use after the other costs nothing in between', () => {
  const { permissions, events } = create();
  permissions.open('a', null);
  for (let use = 0; use < 5; use++) {
    permissions.take('a');
    permissions.giveBack('a');
    vi.advanceTimersByTime(1);
  }
  expect(events).toEqual(['take a']);
});

test('when the gate closes, what is idle goes back at once, and what is in use when it ends', () => {
  const { permissions, events } = create();
  permissions.open('a', null);
  permissions.take('a');
  permissions.giveBack('a');
  permissions.close('a');
  expect(events).toEqual(['take a', 'return a']);

  permissions.open('a', null);
  permissions.take('a');
  permissions.close('a');
  expect(events).toEqual(['take a', 'return a', 'take a']);
  permissions.giveBack('a');
  expect(events).toEqual(['take a', 'return a', 'take a', 'return a']);
});

test('when the gate closes, each use is counted and goes back by itself', () => {
  const { permissions, events } = create();
  permissions.open('a', null);
  for (let use = 0; use < 3; use++) permissions.take('a');
  expect(events).toEqual(['take a']);
  permissions.close('a');
  expect(events).toEqual(['take a', 'take a', 'take a']);
  permissions.giveBack('a');
  expect(events.filter((event) => event === 'return a')).toHaveLength(1);
});

test('a limit holds for uses and leases by ticket together', () => {
  const { permissions, events } = create();
  permissions.open('a', 3);
  permissions.ticketed('a', 1);
  expect([permissions.take('a'), permissions.take('a'), permissions.take('a')]).toEqual([true, true, false]);
  // The orchestrator decides about the next one, and has to know of the others.
  permissions.count('a');
  expect(events).toEqual(['take a', 'take a']);
  permissions.ticketed('a', -1);
  expect(permissions.take('a')).toBe(true);
});

test('what is held between two uses is not counted when the orchestrator is to decide about one more', () => {
  const { permissions, events } = create();
  permissions.open('a', 1);
  permissions.take('a');
  permissions.giveBack('a');
  permissions.count('a');
  expect(events).toEqual(['take a', 'return a']);
});

test('whatever happens, what was taken goes back exactly once, and nothing is held without a use or an open gate', () => {
  const LIMIT = 3;
  const step = fc.constantFrom('open', 'close', 'take', 'give', 'wait', 'count', 'ticket', 'end ticket' as const);
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (todo) => {
      const { permissions, events } = create();
      let uses = 0;
      let tickets = 0;
      let isOpen = false;
      const held = () =>
        events.filter((event) => event === 'take a').length - events.filter((event) => event === 'return a').length;
      for (const one of todo) {
        if (one === 'open') permissions.open('a', LIMIT);
        if (one === 'close') permissions.close('a');
        if (one === 'open' || one === 'close') isOpen = one === 'open';
        if (one === 'take' && permissions.take('a')) {
          expect(isOpen).toBe(true);
          uses++;
          expect(uses + tickets).toBeLessThanOrEqual(LIMIT);
        }
        if (one === 'give' && uses > 0) {
          uses--;
          permissions.giveBack('a');
        }
        if (one === 'ticket' || (one === 'end ticket' && tickets > 0)) {
          const by = one === 'ticket' ? 1 : -1;
          tickets += by;
          permissions.ticketed('a', by);
        }
        if (one === 'wait') vi.advanceTimersByTime(100);
        if (one === 'count') {
          permissions.count('a');
          expect(held()).toBe(uses);
        }
        expect(held()).toBeLessThanOrEqual(Math.max(uses, isOpen ? 1 : 0));
        if (uses > 0) expect(held()).toBeGreaterThan(0);
        if (!isOpen) expect(held()).toBe(uses);
      }
      for (; uses > 0; uses--) permissions.giveBack('a');
      for (; tickets > 0; tickets--) permissions.ticketed('a', -1);
      vi.advanceTimersByTime(100);
      expect(held()).toBe(0);
    }),
  );
});
