import { describe, expect, it } from 'vitest';
import { canContainAll, evictions } from '../../../machines/orchestrator/policies/policy.ts';
import { toTopology } from '../../../src/config/topology.ts';
import type { Config } from '../../../src/config/types.ts';
import { errorsOf, load, problemsOf, warningsOf } from './load-text.ts';

const MODELS =
  'models: {a: {cmd: "x ${PORT}", aliases: [al]}, b: {cmd: "x ${PORT}"}, c: {cmd: "x ${PORT}"}, d: {cmd: "x ${PORT}"}}';

const routingOf = async (text: string): Promise<Config['routing']> => (await load(`${MODELS}\n${text}`)).config.routing;
const errors = (text: string): Promise<string[]> => errorsOf(`${MODELS}\n${text}`);
const NEW_GROUPS = (groups: string): string => `routing: {router: {settings: {groups: ${groups}}}}`;
const NEW_MATRIX = (matrix: string): string => `routing: {router: {use: matrix, settings: {matrix: ${matrix}}}}`;

describe('without groups or matrix', () => {
  it.each([[''], ['groups: {}'], ['groups:'], ['matrix:'], ['routing:'], ['routing: {router: {use: group}}']])(
    'one model runs at a time: %s',
    async (text) => {
      expect(await routingOf(text)).toEqual({ kind: 'exclusive' });
    },
  );
});

describe.each([
  ['groups', (groups: string) => `groups: ${groups}`, 'groups'],
  ['routing.router.settings.groups', NEW_GROUPS, 'routing.router.settings.groups'],
])('%s', (_, write, path) => {
  it('default to swap and exclusive, and take in every model that is in none', async () => {
    const routing = await routingOf(
      write('{group1: {members: [a, b]}, forever: {swap: false, exclusive: false, persistent: true, members: [c]}}'),
    );
    expect(routing).toMatchObject({
      kind: 'group',
      groups: [
        { name: 'group1', swap: true, exclusive: true, persistent: false },
        { name: 'forever', swap: false, exclusive: false, persistent: true },
      ],
      groupOf: new Map([
        ['a', 0],
        ['b', 0],
        ['c', 1],
      ]),
    });
    expect(evictions(routing, { loads: ['d'], resident: ['a', 'c'] })).toEqual(['a']);
  });

  it('a model in two groups, or twice in one, is refused', async () => {
    expect(await errors(write('{g: {members: [a, a]}, h: {members: [b, a]}}'))).toEqual([
      `${path}.g.members[1]: group "g": "a" is named twice`,
      `${path}.h.members[1]: group "h": "a" is in group "g" as well`,
    ]);
  });

  it('D8: a member that is no model is refused when the file is read', async () => {
    expect(await errors(write('{g: {members: [a, nope]}}'))).toEqual([
      `${path}.g.members[1]: group "g": no model config for "nope"`,
    ]);
  });

  it('D8: an alias counts for its model, with what to write', async () => {
    const text = `${MODELS}\n${write('{g: {swap: false, members: [al, b]}}')}`;
    expect(canContainAll((await load(text)).config.routing, ['a', 'b'])).toBe(true);
    expect(await warningsOf(text)).toEqual([`${path}.g.members[0]: "al" is an alias; the model "a" is meant; write a`]);
    expect(await errors(write('{g: {members: [a, al]}}'))).toEqual([
      `${path}.g.members[1]: group "g": "al" is named twice`,
    ]);
  });

  it('the name of the implicit group is refused: its members could not be used', async () => {
    expect(await errors(write('{(default): {members: [a]}}'))).toEqual([
      `${path}["(default)"]: is the name of the group of all models in no group`,
    ]);
  });

  it('wrong shapes are refused, and a model with errors is not unknown as well', async () => {
    expect(await errors(write('{g: [a], h: {swap: maybe, members: a}}'))).toEqual([
      `${path}.g: must be a mapping of keys to values, not a list`,
      `${path}.h.swap: must be true or false, not the text "maybe"`,
      `${path}.h.members: must be a list, not the text "a"`,
    ]);
    expect(await errorsOf(`models: {a: {}}\n${write('{g: {members: [a]}}')}`)).toEqual(['models.a.cmd: is missing']);
  });
});

describe.each([
  ['matrix', (matrix: string) => `matrix: ${matrix}`, 'matrix'],
  ['routing.router.settings.matrix', NEW_MATRIX, 'routing.router.settings.matrix'],
])('%s', (_, write, path) => {
  it('mixes vars and ids; a var hides the model of its name', async () => {
    const routing = await routingOf(
      write('{vars: {x: a, b: c}, evict_costs: {x: 7, d: 3}, sets: {one: "x & d", two: b & d}}'),
    );
    expect(routing).toMatchObject({
      kind: 'matrix',
      costs: new Map([
        ['a', 7],
        ['d', 3],
      ]),
    });
    expect(canContainAll(routing, ['c', 'd'])).toBe(true);
    expect(canContainAll(routing, ['b', 'd'])).toBe(false);
  });

  it('ties are decided by the names of the sets, in natural order', async () => {
    const routing = await routingOf(write('{sets: {s10: a & b, s9: a & c}}'));
    expect(evictions(routing, { loads: ['a'], resident: ['b', 'c'] })).toEqual(['b']);
  });

  it.each([
    ['{}', '.sets: matrix: matrix must define at least one set'],
    ['{sets: {s: ""}}', '.sets.s: matrix: set "s": empty DSL expression'],
    ['{sets: {s: (a}}', '.sets.s: matrix: set "s": parse: missing closing parenthesis'],
    ['{sets: {s: al & b}}', '.sets.s: matrix: set "s": unknown var or model "al"'],
    ['{sets: {s: a & +t}}', '.sets.s: matrix: set "s" references undefined set "t"'],
    ['{sets: {s: +s}}', '.sets.s: matrix: circular reference detected involving set "s"'],
    ['{vars: {x: al}, sets: {s: a}}', '.vars.x: matrix: var key "x" references unknown model "al"'],
    ['{vars: {x_y: a}, sets: {s: a}}', '.vars.x_y: matrix: var key "x_y" is invalid'],
    ['{vars: {"": a}, sets: {s: a}}', '[""]: matrix: var key "" is invalid'],
    [
      '{evict_costs: {a: 0}, sets: {s: a}}',
      '.evict_costs.a: matrix: evict_cost for "a" must be a positive integer, got 0',
    ],
    [
      '{evict_costs: {a: -1}, sets: {s: a}}',
      '.evict_costs.a: matrix: evict_cost for "a" must be a positive integer, got -1',
    ],
    ['{evict_costs: {al: 2}, sets: {s: a}}', '.evict_costs.al: matrix: evict_costs: unknown var or model "al"'],
  ])('%s is refused', async (matrix, message) => {
    expect(await errors(write(matrix))).toEqual([expect.stringContaining(message)]);
  });

  it('var keys have 1 to 32 letters, digits, dots and hyphens', async () => {
    const vars = `{vars: {${'k'.repeat(32)}: a, my-llm.v1: b}, sets: {s: ${'k'.repeat(32)} & my-llm.v1}}`;
    expect(await errors(write(vars))).toEqual([]);
    expect(await errors(write(`{vars: {${'k'.repeat(33)}: a}, sets: {s: a}}`))).toHaveLength(1);
  });

  it('says where, and what to write', async () => {
    expect(await problemsOf(`${MODELS}\n${write('{sets: {s: al & b}}')}`)).toMatchObject([
      { line: 2, path: `${path}.sets.s`, hint: 'name a variable of vars, or a model by its id' },
    ]);
  });

  it('a value of the environment is not shown', async () => {
    const text = `${MODELS}\n${write('{sets: {s: "${env.SET}"}}')}`;
    const problems = await problemsOf(text, { env: { SET: 'secret & b' } });
    expect(problems).toHaveLength(1);
    expect(JSON.stringify(problems)).not.toContain('secret');
  });
});

describe('old and new places', () => {
  it.each([
    ['groups: {g: {members: [a]}}\nmatrix: {sets: {s: a}}', 'matrix: cannot be used together with groups'],
    [
      'groups: {g: {members: [a]}}\nrouting: {router: {use: group}}',
      'groups: cannot be used together with routing.router',
    ],
    ['matrix: {}\nrouting: {router: {use: matrix}}', 'matrix: cannot be used together with routing.router'],
    [
      `groups: {g: {members: [a]}}\n${NEW_GROUPS('{h: {members: [b]}}')}`,
      'groups: cannot be used together with routing.router',
    ],
    [`matrix: {sets: {s: a}}\n${NEW_MATRIX('{sets: {s: a}}')}`, 'matrix: cannot be used together with routing.router'],
    ['routing: {router: {use: matrix}}', 'routing.router.use: is matrix, and there is none'],
  ])('%s', async (text, message) => {
    expect(await errors(text)).toEqual([message]);
  });

  it('a scheduler goes with old groups', async () => {
    expect(await errors('groups: {g: {members: [a]}}\nrouting: {scheduler: {use: fifo}}')).toEqual([]);
  });

  it('what is not in use is not looked at', async () => {
    const both = (use: string): string =>
      `routing: {router: {use: ${use}, settings: {groups: {g: {members: [a]}}, matrix: {sets: {s: a}}}}}`;
    expect(await routingOf(both('group'))).toMatchObject({ kind: 'group' });
    expect(await routingOf(both('matrix'))).toMatchObject({ kind: 'matrix' });
    const wrong = (use: string, groups: string, sets: string): string =>
      `routing: {router: {use: ${use}, settings: {groups: {g: {members: [${groups}]}}, matrix: {sets: {s: ${sets}}}}}}`;
    expect(await errors(wrong('group', 'a', 'nope'))).toEqual([]);
    expect(await errors(wrong('matrix', 'nope', 'a'))).toEqual([]);
  });

  it.each([
    ['routing: {router: {use: random}}', 'routing.router.use: must be one of group, matrix, not the text "random"'],
    ['routing: {scheduler: {use: lifo}}', 'routing.scheduler.use: must be one of fifo, not the text "lifo"'],
  ])('%s is refused', async (text, message) => {
    expect(await errors(text)).toEqual([message]);
  });
});

describe('routing.scheduler.settings.fifo.priority', () => {
  const write = (priority: string): string =>
    `${MODELS}\nrouting: {scheduler: {settings: {fifo: {priority: ${priority}}}}}`;

  it('S4: an alias counts for its model; the machines get to know', async () => {
    const { config } = await load(write('{al: 10, b: -2}'));
    expect([...config.models.values()].map(({ priority }) => priority)).toEqual([10, -2, 0, 0]);
    const facts = [...toTopology(config, 1000).models.values()];
    expect(facts.map(({ priority }) => priority)).toEqual([10, -2, 0, 0]);
  });

  it('a model twice: its id counts before an alias, and that is said', async () => {
    const text = write('{al: 10, a: 3, b: 1}');
    const { config } = await load(text);
    expect([...config.models.values()].map(({ priority }) => priority)).toEqual([3, 1, 0, 0]);
    expect(await warningsOf(text)).toEqual([
      'routing.scheduler.settings.fifo.priority.al: has no effect: the model "a" has another priority, 3; keep one of the two',
    ]);
  });

  it('a name that means no model and what is no whole number are refused', async () => {
    expect(await errorsOf(write('{nope: 1, a: 1}'))).toEqual([
      'routing.scheduler.settings.fifo.priority.nope: there is no model "nope"',
    ]);
    expect(await errorsOf(write('{a: high}'))).toEqual([
      'routing.scheduler.settings.fifo.priority.a: must be a whole number, not the text "high"',
    ]);
  });
});

it('the machines get the rules', async () => {
  const { config } = await load(`${MODELS}\ngroups: {g: {members: [a]}}`);
  expect(toTopology(config, 1000).policy).toBe(config.routing);
});
