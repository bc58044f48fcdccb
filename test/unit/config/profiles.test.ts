import { describe, expect, it } from 'vitest';
import { errorsOf, load, problemsOf, warningsOf } from './load-text.ts';

const MODELS = 'models: {qwen: {cmd: "x ${PORT}", aliases: [q]}, llama: {cmd: "x ${PORT}"}}';

describe('profiles', () => {
  it('are lists of ids and aliases', async () => {
    const { config, warnings } = await load(`${MODELS}\nprofiles:\n  coding: [q, llama]\n  one: [qwen]\n`);
    expect(warnings).toEqual([]);
    expect(config.profiles).toEqual(
      new Map([
        ['coding', { id: 'coding', members: ['qwen', 'llama'] }],
        ['one', { id: 'one', members: ['qwen'] }],
      ]),
    );
  });

  it('an unknown member is refused, with what was probably meant', async () => {
    const problems = await problemsOf(`${MODELS}\nprofiles: {p: [qwne, llama]}`);
    expect(problems).toMatchObject([
      {
        severity: 'error',
        path: 'profiles.p[0]',
        message: 'there is no model "qwne"',
        hint: 'did you mean qwen?',
        line: 2,
      },
    ]);
  });

  it('a member whose model is wrong is not reported as unknown', async () => {
    expect(await errorsOf('models: {a: srv, b: {}}\nprofiles: {p: [a, b]}')).toEqual([
      'models.a: must be a mapping of keys to values, not the text "srv"',
      'models.b.cmd: is missing',
    ]);
  });

  it.each([
    ['the same proxy', 'http://localhost:8999', 'http://localhost:8999'],
    ['two names of this machine', 'http://localhost:8999', 'http://127.0.0.1:8999/v1'],
  ])('members with %s take turns, with a warning', async (_, first, second) => {
    const source = {
      models: { a: { cmd: 'x', proxy: first }, b: { cmd: 'x', proxy: second } },
      profiles: { p: ['a', 'b'], alone: ['a'] },
    };
    const { config, warnings } = await load(source);
    expect(config.profiles.get('p')).toEqual({ id: 'p', members: ['a', 'b'], takesTurns: true });
    expect(config.profiles.get('alone')).toEqual({ id: 'alone', members: ['a'] });
    expect(warnings).toMatchObject([
      {
        path: 'profiles.p',
        message:
          '"a" and "b" listen on the same address (localhost:8999): the members cannot run together, and take turns',
      },
    ]);
  });

  it('members on different hosts may have the same port', async () => {
    const source = {
      models: { a: { cmd: 'x', proxy: 'http://10.0.0.1:1' }, b: { cmd: 'x', proxy: 'http://10.0.0.2:1' } },
      profiles: { p: ['a', 'b'] },
    };
    expect(await warningsOf(source)).toEqual([]);
    expect((await load(source)).config.profiles.get('p')).toEqual({ id: 'p', members: ['a', 'b'] });
  });

  it('an empty list, a null and a single value are refused', async () => {
    expect(await errorsOf(`${MODELS}\nprofiles: {a: [], b: qwen}`)).toEqual([
      'profiles.a: is an empty list',
      'profiles.b: must be a list, not the text "qwen"',
    ]);
  });

  it('a member that is named twice counts once', async () => {
    const text = `${MODELS}\nprofiles: {p: [qwen, q]}`;
    expect((await load(text)).config.profiles.get('p')?.members).toEqual(['qwen']);
    expect(await warningsOf(text)).toEqual(['profiles.p[1]: "q" is in this profile already; take it out']);
  });

  it.each([['a:b'], ['a/b'], ['']])('the name "%s" could not be addressed', async (name) => {
    const [error] = await errorsOf({ models: { a: { cmd: 'x ${PORT}' } }, profiles: { [name]: ['a'] } });
    expect(error).toContain('a profile name must not be empty, nor hold ":" or "/"');
  });

  it.each([['coding:qwen'], ['coding/qwen'], ['coding:q']])(
    'a model that is called %s as well is refused',
    async (id) => {
      const source = {
        models: { qwen: { cmd: 'x ${PORT}', aliases: ['q'] }, [id]: { cmd: 'x ${PORT}' } },
        profiles: { coding: ['qwen'] },
      };
      expect(await errorsOf(source)).toEqual([
        `profiles.coding: "${id}" is a member of this profile and also a model of its own`,
      ]);
    },
  );

  it('lead to their model', async () => {
    const { config } = await load(MODELS);
    expect(config.aliases).toEqual(new Map([['q', 'qwen']]));
  });

  it('must be unique, also within one model', async () => {
    expect(
      await errorsOf('models: {a: {cmd: "x ${PORT}", aliases: [n, n]}, b: {cmd: "x ${PORT}", aliases: [m, n]}}'),
    ).toEqual([
      'models.a.aliases[1]: the alias "n" is given twice',
      'models.b.aliases[1]: the alias "n" already belongs to model "a"',
    ]);
  });

  it('D8: aliases that can never be used are reported, and the id wins', async () => {
    const text = 'models: {a: {cmd: "x ${PORT}", aliases: [b, a, ""]}, b: {cmd: "x ${PORT}"}}';
    expect((await load(text)).config.aliases).toEqual(new Map());
    expect(await warningsOf(text)).toEqual([
      'models.a.aliases[0]: "b" is the id of another model, which gets the requests; take it out or rename it',
      'models.a.aliases[1]: "a" is the id of the model itself; take it out',
      'models.a.aliases[2]: is empty and has no effect; take it out',
    ]);
  });
});
