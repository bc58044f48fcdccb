import { describe, expect, it } from 'vitest';
import { errorsOf, load, loadModel, problemsOf, summaryOf, warningsOf } from './load-text.ts';

/** One model with its keys as given. */
function model(...lines: string[]): string {
  return ['models:', '  a:', '    cmd: srv ${PORT}', ...lines.map((line) => `    ${line}`), ''].join('\n');
}

describe('YAML', () => {
  it('text fields keep the spelling of unquoted values', async () => {
    const text = model(
      'name: 1.10',
      'description: 0123',
      'useModelName: 1e3',
      'aliases: [1_000, 2024-01-02, true, yes, 0x1F]',
    );
    expect(await loadModel(text)).toMatchObject({
      name: '1.10',
      description: '0123',
      useModelName: '1e3',
      aliases: ['1_000', '2024-01-02', 'true', 'yes', '0x1F'],
    });
  });

  it.each([
    ['a closing bracket below its key', ['aliases: [', '  p,', '  q', ']'], { aliases: ['p', 'q'] }],
    ['nothing indented at all, with comments', ['aliases: [ # some', 'p, # one', '', 'q]'], { aliases: ['p', 'q'] }],
    [
      'brackets in brackets',
      ['metadata: {a: [1,', '2], b: {', 'c: "d', 'e"', '}}'],
      { metadata: { a: [1, 2], b: { c: 'd e' } } },
    ],
    ['tabs', ['metadata: {', '\ta: 1,', '\t}'], { metadata: { a: 1 } }],
    ['double quotes', ['name: "one', '  two\\', 'three"'], { name: 'one twothree' }],
    ['single quotes', ["name: 'one", '', "two'"], { name: 'one\ntwo' }],
  ])('lines within brackets and quotes need no indentation: %s', async (_, lines, expected) => {
    const text = ['models:', '  a:', '    cmd: srv ${PORT}', `    ${lines[0]}`, ...lines.slice(1), '    ttl: 5', ''];
    for (const indent of ['', '  ', '    ']) {
      const indented = text.map((line, index) => (index > 3 && index < text.length - 2 ? indent + line : line));
      expect(await loadModel(indented.join('\n'))).toMatchObject({ ...expected, ttlMs: 5000 });
      expect(await loadModel(indented.join('\r\n'))).toMatchObject({ ...expected, ttlMs: 5000 });
    }
  });

  it('a tab beside a bracket is a space, and does not make its line a part of the one before', async () => {
    const text = model('name: n', 'aliases:\t[\tp,\t"q\tr"\t]', 'filters: {setParams:\t{a:\t1}}', 'ttl: 5');
    const expected = { aliases: ['p', 'q\tr'], filters: { setParams: { a: 1 } }, ttlMs: 5000 };
    expect(await loadModel(text)).toMatchObject({ name: 'n', ...expected });
    const after = text.replace('srv ${PORT}', '|\n      srv ${PORT}');
    expect(await loadModel(after)).toMatchObject({ argv: ['srv', '5800'], ...expected });
  });

  it('what is found after such lines has its place in the file as it is', async () => {
    const start = 'models:\n  a:\n    cmd: srv ${PORT}\n    aliases: [\n"p",\n  q\n ]\n';
    expect(await summaryOf(`${start}    ttl: soon`)).toEqual([
      'error 8:5 models.a.ttl: must be a number, not the text "soon"',
    ]);
    expect(await summaryOf(`${start}    name: \${env.NOPE}`)).toEqual([
      'error 8:11 models.a.name: the environment variable NOPE is not set',
    ]);
    expect(await summaryOf(`${start}    name: *nope`)).toEqual([
      'error 8:11 : YAML: there is no anchor &nope before this alias',
    ]);
    expect(await summaryOf(`${start}    name: @`)).toEqual(['error 8:11 : YAML: bad indentation of a mapping entry']);
  });

  it.each([
    ['aliases: [p, q', '    ttl: 5'],
    ['name: "p', '    ttl: 5'],
  ])('what is never closed is told near to where it was opened: %s', async (...lines) => {
    const text = ['models:', '  a:', '    cmd: srv ${PORT}', `    ${lines[0]}`, lines[1], '    unlisted: true', ''];
    const [problem] = await summaryOf(text.join('\n'));
    expect(problem).toMatch(/^error 5:/);
  });

  it('keys that are not text become text', async () => {
    const { config } = await load(
      'models:\n  3: {cmd: "x ${PORT}"}\n  1.10: {cmd: "x ${PORT}"}\n  true: {cmd: "x ${PORT}"}\n',
    );
    expect([...config.models.keys()]).toEqual(['3', '1.10', 'true']);
  });

  it.each([
    ['0x10', 16_000],
    ['0o10', 8000],
    ['010', 10_000],
    ['1_000', 1_000_000],
    ['1e3', 1_000_000],
    ['1.9', 1900],
  ])('a number may be written %s', async (written, ttlMs) => {
    expect(await loadModel(model(`ttl: ${written}`))).toMatchObject({ ttlMs });
  });

  it.each([
    ['"300"', 'the text "300"'],
    ['5m', 'the text "5m"'],
    ['true', 'true'],
    ['[1]', 'a list'],
    ['{a: 1}', 'a mapping'],
    ['.inf', '.inf'],
  ])('ttl: %s is no number', async (written, found) => {
    expect(await errorsOf(model(`ttl: ${written}`))).toEqual([`models.a.ttl: must be a number, not ${found}`]);
  });

  it.each([
    ['yes', true],
    ['On', true],
    ['y', true],
    ['"yes"', true],
    ['no', false],
    ['OFF', false],
    ['n', false],
  ])('unlisted: %s is read as %s, with a warning', async (written, unlisted) => {
    expect(await loadModel(model(`unlisted: ${written}`))).toMatchObject({ unlisted });
    expect(await warningsOf(model(`unlisted: ${written}`))).toEqual([
      `models.a.unlisted: "${written.replaceAll('"', '')}" is read as ${unlisted}; write ${unlisted}`,
    ]);
  });

  it.each([['"true"'], ['1'], ['maybe']])('unlisted: %s is neither true nor false', async (written) => {
    const [error] = await errorsOf(model(`unlisted: ${written}`));
    expect(error).toMatch(/^models\.a\.unlisted: must be true or false, not /);
  });

  it('a single value or a mapping in place of a list is refused', async () => {
    expect(await errorsOf(model('aliases: gpt', 'env: {A: secret}'))).toEqual([
      'models.a.aliases: must be a list, not the text "gpt"',
      'models.a.env: must be a list, not a mapping',
    ]);
  });

  it('metadata must be a mapping, a model too, models too', async () => {
    expect(await errorsOf(model('metadata: [1]'))).toEqual([
      'models.a.metadata: must be a mapping of keys to values, not a list',
    ]);
    expect(await errorsOf('models: {a: srv}')).toEqual([
      'models.a: must be a mapping of keys to values, not the text "srv"',
    ]);
    expect(await errorsOf('models: [a]')).toEqual(['models: must be a mapping of keys to values, not a list']);
  });

  it('items that are null are left out, with a warning', async () => {
    expect(await loadModel(model('aliases: [a1, ~, a2]'))).toMatchObject({ aliases: ['a1', 'a2'] });
    expect(await summaryOf(model('aliases:', '- a1', '-', '- a2'))).toEqual([
      'warning 5:5 models.a.aliases[1]: is empty and left out',
    ]);
  });

  it('metadata keeps what is null, in a model of any name', async () => {
    const source = 'models: {metadata: {cmd: "x ${PORT}", aliases: [~, b], metadata: {a: ~, b: [~]}}}';
    expect(await loadModel(source)).toMatchObject({ aliases: ['b'], metadata: { a: null, b: [null] } });
  });

  it('explicit tags are followed', async () => {
    expect(
      await loadModel(model('metadata: {a: !!str 1.10, b: !!int "7", c: ! 5, d: !!float 1, e: !!null ""}')),
    ).toMatchObject({
      metadata: { a: '1.10', b: 7, c: '5', d: 1, e: null },
    });
    expect(await errorsOf(model('ttl: !!int x'))).toEqual([': YAML: the tag !!int does not fit here']);
    expect(await errorsOf(model('ttl: !mine 5'))).toEqual([': YAML: the tag !mine does not fit here']);
    expect(await errorsOf(model('env: !!map []'))).toEqual([': YAML: the tag !!map does not fit here']);
  });

  it('merge keys are followed: written keys win, then earlier sources', async () => {
    const text = `
x-a: &a {ttl: 1, unloadTimeout: 1}
x-b: &b {ttl: 2, unloadTimeout: 2, name: b}
models:
  m: {unloadTimeout: 9, <<: [*a, *b], cmd: "srv \${PORT}"}
`;
    expect(await loadModel(text)).toMatchObject({ ttlMs: 1000, stopTimeoutMs: 9000, name: 'b' });
    expect(await errorsOf('x-a: &a 5\nmodels: {m: {<<: *a}}')).toEqual([': YAML: only mappings can be merged with <<']);
  });

  it('macros and references may stand unquoted in flow style', async () => {
    expect(
      await loadModel('macros: {n: 5}\nmodels: {a: {cmd: srv ${PORT}, ttl: ${n}, aliases: [${MODEL_ID}-2]}}'),
    ).toMatchObject({
      ttlMs: 5000,
      aliases: ['a-2'],
    });
  });

  it('a byte order mark, CRLF and a YAML directive are fine', async () => {
    expect(await loadModel('\uFEFFmodels:\r\n  a:\r\n    cmd: |\r\n      srv\r\n      ${PORT}\r\n')).toMatchObject({
      argv: ['srv', '5800'],
    });
    expect(await errorsOf('%YAML 1.2\n---\nmodels: {a: {cmd: "x ${PORT}"}}')).toEqual([]);
  });

  it('of several documents the first is read, with a warning', async () => {
    expect(await summaryOf('models: {a: {cmd: "x ${PORT}"}}\n---\nmodels: {}\n')).toEqual([
      'warning 3:1 : only the first YAML document of a file is read',
    ]);
  });

  it.each([
    ['a tab', 'models:\n\ta: 1\n', '2:1'],
    ['an open quote', 'models: "a\n', '2:1'],
    ['an open list', 'models: [a\n', '2:1'],
    ['a colon in a plain value', 'models:\n  a: b: c\n', '2:7'],
    ['an unknown alias', 'models:\n  a: *nope\n', '2:6'],
    ['an alias inside its own anchor', 'models: &m\n  a: *m\n', '2:6'],
    ['a mapping as key', 'models:\n  ? {a: 1}\n  : x\n', '2:5'],
    ['an empty key', 'models:\n  ~: x\n', '2:3'],
    ['__proto__', 'models:\n  __proto__: x\n', '2:3'],
  ])('%s is an error with its place', async (_, text, place) => {
    const [problem] = await problemsOf(text);
    expect(problem).toMatchObject({ severity: 'error', file: 'config.yaml' });
    expect(`${problem?.line}:${problem?.column}`).toBe(place);
  });

  it('every duplicate key is reported', async () => {
    expect(await summaryOf('ttl: 1\nmodels:\n  a: {}\n  "a": {}\nttl: 2\n')).toEqual([
      'error 4:3 : the key "a" is already defined on line 3',
      'error 5:1 : the key "ttl" is already defined on line 1',
    ]);
  });

  it('aliases that expand to billions of values are refused', async () => {
    const levels = Array.from({ length: 12 }, (_, i) => `x-${i}: &l${i} [${i === 0 ? '1' : `*l${i - 1},`.repeat(10)}]`);
    const [error] = await errorsOf(levels.join('\n'));
    expect(error).toContain('with its aliases expanded, the file holds more than 100000 values');
  });
});

describe('a plain object', () => {
  it('is read like YAML', async () => {
    const object = {
      globalTTL: 5,
      models: { a: { cmd: 'srv ${PORT}', aliases: ['b'], metadata: { n: 1 } } },
      profiles: { p: ['b'] },
    };
    const { config } = await load(object);
    const fromText = await load(JSON.stringify(object));
    expect(config).toEqual(fromText.config);
  });

  it('has problems without positions', async () => {
    expect(await summaryOf({ models: { a: { cmd: 'srv', ttl: 'x' as '${x}' } } })).toEqual([
      'error null:null models.a.proxy: the gateway cannot know where the model listens: cmd does not use ${PORT}',
      'error null:null models.a.ttl: must be a number, not the text "x"',
    ]);
  });

  it('may leave things undefined', async () => {
    const model = { cmd: 'srv ${PORT}', ttl: undefined } as unknown as { cmd: string };
    expect(await loadModel({ models: { a: model } })).toMatchObject({ ttlMs: 0 });
  });

  it('must be plain data', async () => {
    const cyclic: Record<string, unknown> = { cmd: 'x ${PORT}' };
    cyclic['metadata'] = cyclic;
    expect(await errorsOf({ models: { a: cyclic as never } })).toEqual([
      ': the object is nested too deeply, or contains itself',
    ]);
    expect(await errorsOf({ models: { a: { cmd: (() => 'x') as never } } })).toEqual([
      'models.a.cmd: must be plain data, not a function',
    ]);
    const hostile = JSON.parse('{"models": {"__proto__": {"cmd": "x"}}}') as object;
    expect(await errorsOf(hostile)).toEqual(['models.__proto__: is not allowed as a key']);
  });
});
