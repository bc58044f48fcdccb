import { describe, expect, test } from 'vitest';
import { compileGroups, type GroupSettings } from '../../../../machines/orchestrator/policies/compile-groups.ts';
import { canContainAll, evictions, type PolicyRules } from '../../../../machines/orchestrator/policies/policy.ts';

const MODELS = ['a', 'b', 'c', 'd', 'x', 'y'];
const ALIASES = new Map([['ay', 'a']]);

function rulesOf(groups: Record<string, GroupSettings | null>): PolicyRules {
  const compiled = compileGroups(groups, MODELS, ALIASES);
  if ('problems' in compiled) throw new Error(JSON.stringify(compiled.problems));
  return compiled.rules;
}

function messagesOf(groups: Record<string, GroupSettings | null>): string[] {
  const compiled = compileGroups(groups, MODELS, ALIASES);
  return 'problems' in compiled ? compiled.problems.map(({ path, message }) => `${path.join('.')}: ${message}`) : [];
}

const leave = (rules: PolicyRules, target: string, resident: string) =>
  evictions(rules, { loads: [target], resident: resident.split('') }).join('');

describe('who leaves', () => {
  test('without groups, everybody: one model at a time', () => {
    expect(leave(rulesOf({}), 'a', 'bcx')).toBe('bcx');
  });

  test('a member of the same group, when the group swaps', () => {
    expect(leave(rulesOf({ g: { members: ['a', 'b'] } }), 'a', 'b')).toBe('b');
    expect(leave(rulesOf({ g: { members: ['a', 'b'], swap: false } }), 'a', 'b')).toBe('');
  });

  test('everybody elsewhere, when the group is exclusive', () => {
    const groups = { g: { members: ['a', 'b'], swap: false }, h: { members: ['c'] } };
    expect(leave(rulesOf(groups), 'a', 'bcx')).toBe('cx');
    expect(leave(rulesOf({ ...groups, g: { ...groups.g, exclusive: false } }), 'a', 'bcx')).toBe('');
  });

  test('but not the members of a persistent group', () => {
    const rules = rulesOf({ keep: { members: ['c', 'd'], persistent: true } });
    expect(leave(rules, 'a', 'cx')).toBe('x');
    // Its own swapping still counts, and so does its being exclusive.
    expect(leave(rules, 'd', 'cx')).toBe('cx');
  });

  test('a model that is not exclusive starts beside one that is', () => {
    const rules = rulesOf({ small: { members: ['c', 'd'], exclusive: false } });
    expect(leave(rules, 'c', 'a')).toBe('');
    expect(leave(rules, 'a', 'c')).toBe('c');
  });

  test('models without a group form one, that swaps and excludes', () => {
    const rules = rulesOf({ g: { members: ['a'], exclusive: false } });
    expect(leave(rules, 'x', 'ay')).toBe('ay');
    expect(leave(rules, 'a', 'xy')).toBe('');
  });

  test('a group named like the implicit one is a group like any other', () => {
    const rules = rulesOf({ '(default)': { members: ['a', 'b'], swap: false, exclusive: false } });
    expect(leave(rules, 'a', 'bx')).toBe('');
    expect(leave(rules, 'x', 'ay')).toBe('ay');
  });

  test('a group that is null has all flags off, one that leaves them out has the defaults', () => {
    expect(compileGroups({ none: null, all: {} }, MODELS)).toEqual({
      rules: {
        kind: 'group',
        groups: [
          { name: 'none', swap: false, exclusive: false, persistent: false },
          { name: 'all', swap: true, exclusive: true, persistent: false },
        ],
        groupOf: new Map(),
      },
    });
  });

  test('nobody, for a model that is resident already', () => {
    const rules = rulesOf({ small: { members: ['c'], exclusive: false } });
    expect(leave(rules, 'a', 'ac')).toBe('');
  });

  test('everybody else, for models that load together', () => {
    const rules = rulesOf({ keep: { members: ['c'], persistent: true }, free: { members: ['a', 'b'], swap: false } });
    expect(evictions(rules, { loads: ['a', 'x'], resident: ['a', 'b', 'c'] })).toEqual(['b', 'c']);
  });
});

describe('members', () => {
  test('are found by an alias too', () => {
    const rules = rulesOf({ g: { members: ['ay', 'b'], swap: false } });
    expect(leave(rules, 'a', 'b')).toBe('');
  });

  test('must be models', () => {
    expect(messagesOf({ g: { members: ['a', 'nobody'] } })).toEqual([
      'g.members.1: group "g": no model config for "nobody"',
    ]);
  });

  test('are in one group, once, under whatever name', () => {
    expect(messagesOf({ g: { members: ['a', 'b', 'ay'] }, h: { members: ['b', 'c'] } })).toEqual([
      'g.members.2: group "g": "ay" is named twice',
      'h.members.0: group "h": "b" is in group "g" as well',
    ]);
  });
});

test('only members of one group that does not swap are sure to run together', () => {
  const rules = rulesOf({
    free: { members: ['a', 'b'], swap: false },
    swapping: { members: ['c', 'd'], exclusive: false },
  });
  expect(canContainAll(rules, ['a', 'b'])).toBe(true);
  expect(canContainAll(rules, ['c', 'd'])).toBe(false);
  expect(canContainAll(rules, ['a', 'c'])).toBe(false);
  expect(canContainAll(rules, ['x', 'y'])).toBe(false);
  expect(canContainAll(rules, ['c', 'c'])).toBe(true);
  expect(canContainAll({ kind: 'exclusive' }, ['a', 'b'])).toBe(false);
});
