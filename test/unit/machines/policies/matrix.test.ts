import { describe, expect, test } from 'vitest';
import { compileMatrix, type MatrixSettings } from '../../../../machines/orchestrator/policies/compile-matrix.ts';
import type { MatrixRules } from '../../../../machines/orchestrator/policies/matrix.ts';
import { canContainAll, evictions } from '../../../../machines/orchestrator/policies/policy.ts';

const LETTERS = 'abcdefgh'.split('');

function rulesOf(settings: MatrixSettings, models: readonly string[] = [...LETTERS, 'org/big:70b']): MatrixRules {
  const compiled = compileMatrix(settings, models);
  if ('problems' in compiled) throw new Error(JSON.stringify(compiled.problems));
  return compiled.rules;
}

function messagesOf(settings: MatrixSettings): string[] {
  const compiled = compileMatrix(settings, LETTERS);
  return 'problems' in compiled ? compiled.problems.map(({ message }) => message) : [];
}

const leave = (rules: MatrixRules, target: string, resident: string) =>
  evictions(rules, { loads: [target], resident: resident.split('') }).join('');

describe('who leaves', () => {
  test('nobody, where one set allows all', () => {
    expect(leave(rulesOf({ sets: { all: 'a & b & c' } }), 'c', 'ab')).toBe('');
  });

  test('whoever is outside the combination', () => {
    const rules = rulesOf({ sets: { s: '(a | b) & (c | d)' } });
    expect(leave(rules, 'b', 'ac')).toBe('a');
    expect(leave(rules, 'd', 'ac')).toBe('c');
  });

  test('everybody, for a model no set names', () => {
    expect(leave(rulesOf({ sets: { s: 'a & b' } }), 'h', 'ab')).toBe('ab');
  });

  test('a resident no set names, for everybody', () => {
    expect(leave(rulesOf({ sets: { s: 'a & b' } }), 'a', 'bh')).toBe('h');
  });

  test('nobody, for a model that is resident already', () => {
    expect(leave(rulesOf({ sets: { s: 'a', t: 'b' } }), 'a', 'ab')).toBe('');
  });

  test('everybody else, for models that load together', () => {
    const rules = rulesOf({ sets: { all: 'a & b & c & d' } });
    expect(evictions(rules, { loads: ['a', 'b'], resident: ['a', 'c', 'd'] })).toEqual(['c', 'd']);
  });

  test('the cheap one rather than the expensive one', () => {
    const sets = { s: 'a & c | b & c' };
    expect(leave(rulesOf({ sets }), 'c', 'ab')).toBe('b');
    expect(leave(rulesOf({ sets, evict_costs: { b: 2 } }), 'c', 'ab')).toBe('a');
    expect(leave(rulesOf({ sets: { s: 'a & b & d | c & d' }, evict_costs: { c: 3 } }), 'd', 'abc')).toBe('ab');
  });

  test('costs reach the model through its variable, and beyond 2^53', () => {
    const settings = { vars: { big: 'b' }, sets: { s: 'a & c | big & c' } };
    expect(leave(rulesOf({ ...settings, evict_costs: { big: 5 } }), 'c', 'ab')).toBe('a');
    const most = Number.MAX_SAFE_INTEGER;
    const sets = { s: 'a & b & c & h | a & b & d & h' };
    expect(leave(rulesOf({ sets, evict_costs: { a: most, b: most, c: most - 1, d: most } }), 'h', 'abcd')).toBe('c');
  });

  test('among equals, whatever comes first: sets by natural order of their names, then from left to right', () => {
    expect(leave(rulesOf({ sets: { s10: 'a & c', s9: 'b & c' } }), 'c', 'ab')).toBe('a');
    expect(leave(rulesOf({ sets: { s10: 'b & c', s9: 'a & c' } }), 'c', 'ab')).toBe('b');
    expect(leave(rulesOf({ sets: { s: '(a | b) & (c | d) & h' } }), 'h', 'abcd')).toBe('bd');
    expect(leave(rulesOf({ sets: { s: '(b | a) & (c | d) & h' } }), 'h', 'abcd')).toBe('ad');
  });

  test('a set that is referred to is examined before the one that refers to it', () => {
    expect(leave(rulesOf({ sets: { a: 'a & c | +z', z: 'b & c' } }), 'c', 'ab')).toBe('a');
  });

  test('the first combination counts even where a later one would hold more', () => {
    // Each choice keeps two of three. Of (a | b | a & c) & (c | e) & h, the first that does is {a, c}.
    expect(leave(rulesOf({ sets: { s: '(a | b | a & c) & (c | e) & h' } }), 'h', 'abc')).toBe('b');
  });
});

describe('names', () => {
  test('may be variables, for ids with other characters, and hide models', () => {
    const rules = rulesOf({ vars: { big: 'org/big:70b', a: 'b' }, sets: { s: 'big & a' } });
    expect(evictions(rules, { loads: ['b'], resident: ['a', 'org/big:70b'] })).toEqual(['a']);
  });

  test.each([
    ['a'.repeat(32), true],
    ['a'.repeat(33), false],
    ['', false],
    ['a_b', false],
    ['a-b.c', true],
  ])('of variables: %j', (name, isFine) => {
    const problem = `matrix: var key ${JSON.stringify(name)} is invalid`;
    expect(messagesOf({ vars: { [name]: 'a' }, sets: { s: 'a' } })).toEqual(isFine ? [] : [problem]);
  });
});

test.each<[MatrixSettings, string[]]>([
  [{}, ['matrix: matrix must define at least one set']],
  [{ sets: {} }, ['matrix: matrix must define at least one set']],
  [{ sets: { s: ' ' } }, ['matrix: set "s": empty DSL expression']],
  [{ sets: { s: 'a ,b' } }, [`matrix: set "s": tokenize: unexpected character ',' at position 2`]],
  [{ sets: { s: '(a' } }, ['matrix: set "s": parse: missing closing parenthesis']],
  [{ sets: { s: 'a & z' } }, ['matrix: set "s": unknown var or model "z"']],
  [{ sets: { s: 'a | +t' } }, ['matrix: set "s" references undefined set "t"']],
  [{ sets: { s: '+s' } }, ['matrix: circular reference detected involving set "s"']],
  [{ sets: { s: '+t', t: 'a | +u', u: '+s' } }, ['matrix: circular reference detected involving set "s"']],
  [{ sets: { s: '+toString' } }, ['matrix: set "s" references undefined set "toString"']],
  [{ sets: { s: 'toString' } }, ['matrix: set "s": unknown var or model "toString"']],
  [{ vars: { v: 'z' }, sets: { s: 'v' } }, ['matrix: var key "v" references unknown model "z"']],
  [{ sets: { s: 'a' }, evict_costs: { a: 0 } }, ['matrix: evict_cost for "a" must be a positive integer, got 0']],
  [{ sets: { s: 'a' }, evict_costs: { a: -1 } }, ['matrix: evict_cost for "a" must be a positive integer, got -1']],
  [{ sets: { s: 'a' }, evict_costs: { a: 1.5 } }, ['matrix: evict_cost for "a" must be a positive integer, got 1.5']],
  [{ sets: { s: 'a' }, evict_costs: { z: 2 } }, ['matrix: evict_costs: unknown var or model "z"']],
  [
    { vars: { v: 'a' }, sets: { s: 'v' }, evict_costs: { a: 2, v: 3 } },
    ['matrix: evict_costs: "a" and "v" both resolve to model "a"'],
  ],
  [
    { sets: { s: '+', t: 'z | y', u: 'a' } },
    [
      `matrix: set "s": tokenize: expected set name after '+' at position 1`,
      'matrix: set "t": unknown var or model "z"',
      'matrix: set "t": unknown var or model "y"',
    ],
  ],
])('%j is refused', (settings, messages) => {
  expect(messagesOf(settings)).toEqual(messages);
});

test('a problem says where it is', () => {
  expect(compileMatrix({ sets: { s: 'z' } }, LETTERS)).toEqual({
    problems: [
      {
        path: ['sets', 's'],
        message: 'matrix: set "s": unknown var or model "z"',
        hint: 'name a variable of vars, or a model by its id',
      },
    ],
  });
});

test('rules are plain data: a set that is referred to is there once', () => {
  expect(rulesOf({ sets: { pair: 'a & b', more: '+pair | +pair & c' }, evict_costs: { a: 3 } })).toEqual({
    kind: 'matrix',
    nodes: [
      { kind: 'model', model: 'a' },
      { kind: 'model', model: 'b' },
      { kind: 'both', left: 0, right: 1 },
      { kind: 'model', model: 'c' },
      { kind: 'both', left: 2, right: 3 },
      { kind: 'either', left: 2, right: 4 },
    ],
    sets: [
      { name: 'pair', root: 2 },
      { name: 'more', root: 5 },
    ],
    costs: new Map([['a', 3]]),
  });
});

test('one combination of one set must hold all that are to run together', () => {
  const rules = rulesOf({ sets: { s: 'a & b', t: 'b & c', u: '(d | e) & f' } });
  expect(canContainAll(rules, ['a', 'b'])).toBe(true);
  expect(canContainAll(rules, ['a', 'b', 'b'])).toBe(true);
  expect(canContainAll(rules, ['a', 'c'])).toBe(false);
  expect(canContainAll(rules, ['d', 'f'])).toBe(true);
  expect(canContainAll(rules, ['d', 'e'])).toBe(false);
  expect(canContainAll(rules, ['h'])).toBe(true);
  expect(canContainAll(rules, ['a', 'h'])).toBe(false);
});

describe('S9: the solver does not blow up', () => {
  const row = (count: number, of: (place: number) => string) => Array.from({ length: count }, (_, place) => of(place));
  const sorted = (models: readonly string[]) => [...models].sort();

  test('10^6 combinations, with five or with all sixty models resident', () => {
    const models = row(6, (i) => row(10, (j) => `m${i}.${j}`).join('|')).flatMap((line) => line.split('|'));
    const rules = rulesOf(
      { sets: { s: row(6, (i) => `(${row(10, (j) => `m${i}.${j}`).join('|')})`).join('&') } },
      models,
    );
    const five = row(5, (i) => `m${i}.7`);
    expect(evictions(rules, { loads: ['m0.3'], resident: five })).toEqual(['m0.7']);
    const others = sorted(models.filter((model) => model !== 'm0.3'));
    const stay = others.filter((model) => !evictions(rules, { loads: ['m0.3'], resident: others }).includes(model));
    expect(stay).toEqual(row(5, (i) => `m${i + 1}.0`));
    expect(
      canContainAll(
        rules,
        row(6, (i) => `m${i}.${i}`),
      ),
    ).toBe(true);
    expect(canContainAll(rules, ['m0.0', 'm0.1'])).toBe(false);
  });

  test('2^100 combinations, 200 models resident', () => {
    const models = row(201, (i) => `m${i}`);
    const rules = rulesOf({ sets: { s: row(100, (i) => `(m${2 * i} | m${2 * i + 1})`).join('&') } }, models);
    const leavers = evictions(rules, { loads: ['m1'], resident: sorted(models.filter((model) => model !== 'm1')) });
    expect(leavers).toEqual(sorted(['m0', 'm200', ...row(99, (i) => `m${2 * i + 3}`)]));
  });

  test('neighbours that share models', () => {
    const models = row(102, (i) => `m${i}`);
    const rules = rulesOf({ sets: { s: row(100, (i) => `(m${i} | m${i + 1} & m${i + 2})`).join('&') } }, models);
    // One choice more than there are choices: of all that lose a single model, the first one gives way last.
    expect(evictions(rules, { loads: ['m0'], resident: sorted(models.slice(1)) })).toEqual(['m99']);
  });

  test('choices that are dominated, now or later', () => {
    const twenty = row(20, String);
    const models = [...twenty.flatMap((i) => [`a${i}`, `b${i}`]), 'c'];
    const first = twenty.map((i) => `(a${i} | a${i} & b${i})`).join('&');
    const rules = rulesOf({ sets: { s: `${first} & ${twenty.map((i) => `(b${i} | c)`).join('&')}` } }, models);
    expect(evictions(rules, { loads: ['c'], resident: sorted(models.slice(0, -1)) })).toEqual([]);
  });

  test('references that double', () => {
    const chain = Object.fromEntries(row(40, (i) => `+s${i} & +s${i}`).map((text, i) => [`s${i + 1}`, text]));
    const rules = rulesOf({ sets: { ...chain, s0: 'a | b | c | d | e | f' } });
    expect(leave(rules, 'a', 'bcdef')).toBe('');
    expect(leave(rules, 'a', 'bgh')).toBe('gh');
  });
});
