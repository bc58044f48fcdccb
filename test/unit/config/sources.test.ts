import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig, type LoadedConfig } from '../../../src/config/load.ts';
import { ConfigError, type Problem } from '../../../src/config/problems.ts';
import { temporaryFolder } from '../../kit/temporary-folder.ts';

const OPTIONS = { env: { NAME: 'from-env' }, platform: 'linux' } as const;

/** Writes the files; names without a slash lie in `conf.d`, and `../x` beside it. */
function write(files: Readonly<Record<string, string>>): { root: string; directory: string } {
  const root = temporaryFolder();
  const directory = join(root, 'conf.d');
  mkdirSync(directory);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  return { root, directory };
}

function loadAll(files: Readonly<Record<string, string>>): Promise<LoadedConfig> {
  const { root, directory } = write(files);
  const main = join(root, 'main.yaml');
  return loadConfig('../main.yaml' in files ? { file: main, directory } : { directory }, OPTIONS);
}

async function problemsOf(loading: Promise<LoadedConfig>): Promise<readonly Problem[]> {
  try {
    return (await loading).warnings;
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

/** `file:line path: message`, with the file's last part only. */
async function summaryOf(files: Readonly<Record<string, string>>): Promise<string[]> {
  const base = (file: string): string => file.split('/').at(-1) ?? '';
  const short = (text: string): string => text.replaceAll(/\/\S*\//g, '');
  return (await problemsOf(loadAll(files))).map(
    ({ file, line, path, message }) => `${base(file)}:${line} ${path}: ${short(message)}`,
  );
}

const model = (id: string): string => `models: {${id}: {cmd: "x \${PORT}"}}\n`;

describe('--config and --config-dir', () => {
  it('neither is an error', async () => {
    expect(await problemsOf(loadConfig({}))).toMatchObject([{ message: 'no configuration is named' }]);
  });

  it('the file alone, the directory alone, and both', async () => {
    const { root, directory } = write({ '../main.yaml': model('m'), 'a.yml': model('a') });
    const main = join(root, 'main.yaml');
    const ids = async (sources: object): Promise<string[]> => [...(await loadConfig(sources)).config.models.keys()];
    expect(await ids({ file: main })).toEqual(['m']);
    expect(await ids({ directory })).toEqual(['a']);
    expect(await ids({ file: main, directory })).toEqual(['m', 'a']);
  });

  it('a file that lies in the directory is refused, however it is spelled', async () => {
    const { directory } = write({ 'a.yaml': model('a') });
    const problems = await problemsOf(loadConfig({ file: `${directory}/../conf.d/./a.yaml`, directory }));
    expect(problems).toMatchObject([{ message: `the file lies in ${directory}, and would be read twice` }]);
  });

  it('a directory that is missing, or a file, is refused', async () => {
    const { root } = write({ '../main.yaml': '' });
    expect(await problemsOf(loadConfig({ directory: join(root, 'nope') }))).toMatchObject([
      { file: join(root, 'nope'), message: 'there is no such directory' },
    ]);
    expect(await problemsOf(loadConfig({ directory: join(root, 'main.yaml') }))).toMatchObject([
      { message: 'this is no directory' },
    ]);
  });

  it('a directory without YAML is refused, unless there is a file', async () => {
    const { root, directory } = write({ 'a.txt': 'x', 'b.YAML': model('b'), '../main.yaml': model('m') });
    expect(await problemsOf(loadConfig({ directory }))).toMatchObject([
      { message: 'no configuration sources found: the directory has no YAML files' },
    ]);
    const { config } = await loadConfig({ file: join(root, 'main.yaml'), directory });
    expect([...config.models.keys()]).toEqual(['m']);
  });

  it('files are read in the order of the bytes of their names; hidden ones and links count, directories do not', async () => {
    const { root, directory } = write({
      '9.yaml': model('nine'),
      '10.yaml': model('ten'),
      'a.yml': model('small'),
      'A.yaml': model('large'),
      '.hidden.yaml': model('hidden'),
      '../linked.yaml': model('linked'),
    });
    mkdirSync(join(directory, 'nested.yaml'));
    symlinkSync(join(root, 'linked.yaml'), join(directory, 'z.yaml'));
    const { config } = await loadConfig({ directory });
    expect([...config.models.keys()]).toEqual(['hidden', 'ten', 'nine', 'large', 'small', 'linked']);
  });
});

describe('several files', () => {
  it('share macros, in the order of the files, and ports', async () => {
    const { config } = await loadAll({
      '../main.yaml': 'macros: {base: "srv --port ${PORT}"}\nstartPort: 7000\nmodels: {z: {cmd: "${more}"}}\n',
      'a.yaml': 'macros: {more: "${base} -x"}\nmodels: {b: {cmd: "${base} ${env.NAME}"}}\n',
    });
    expect(config.models.get('z')?.argv).toEqual(['srv', '--port', '7001', '-x']);
    expect(config.models.get('b')?.argv).toEqual(['srv', '--port', '7000', 'from-env']);
    expect(
      await summaryOf({
        'a.yaml': `macros: {more: "\${base}"}\nmodels: {a: {cmd: "\${more}"}}`,
        'b.yaml': 'macros: {base: x}',
      }),
    ).toEqual([`a.yaml:2 models.a.cmd: macro '\${base}' is used by a macro that is declared before it`]);
  });

  it('add to lists and to mappings; equal values are fine', async () => {
    const { config } = await loadAll({
      'a.yaml': `${model('a')}apiKeys: [one]\nlogLevel: warn\nrouting: {router: {settings: {groups: {g: {members: [a]}}}}}`,
      'b.yaml': `${model('b')}apiKeys: [two]\nlogLevel: "warn"\nrouting: {router: {settings: {groups: {h: {members: [b]}}}}, scheduler: {settings: {fifo: {priority: {a: 1}}}}}`,
      'c.yaml': 'matrix:\nrouting: {scheduler: {settings: {fifo: {priority: {b: 2}}}}}\nlogLevel:\napiKeys:\n',
    });
    expect(config.auth.keys.map(({ key }) => key)).toEqual(['one', 'two']);
    expect(config.logLevel).toBe('warn');
    expect(config.routing).toMatchObject({ groups: [{ name: 'g' }, { name: 'h' }] });
    expect([...config.models.values()].map(({ priority }) => priority)).toEqual([1, 2]);
  });

  it.each([
    ['models', '{x: {cmd: "x ${PORT}"}}'],
    ['groups', '{x: {members: []}}'],
    ['profiles', '{x: {pins: {y: ""}}}'],
    ['selectors', '{x: {strategy: pin, targets: [m]}}'],
    ['peers', '{x: {proxy: "http://p", models: [m]}}'],
  ])('the same entry of %s in two files is refused, with both places', async (section, entry) => {
    const text = `${section}: ${entry}`;
    expect(await summaryOf({ 'a.yaml': `\n${text}`, 'b.yaml': text })).toEqual(
      expect.arrayContaining([`b.yaml:1 ${section}.x: duplicate ${section}: "x" is already defined in a.yaml:2`]),
    );
  });

  it('halves of a matrix in two files are refused only when they overlap', async () => {
    const vars = `${model('a')}matrix: {vars: {v: a}}`;
    expect(await summaryOf({ 'a.yaml': vars, 'b.yaml': 'matrix: {sets: {s: v}}' })).toEqual([]);
    expect(await summaryOf({ 'a.yaml': vars, 'b.yaml': 'matrix: {vars: {w: a}, sets: {s: v}}' })).toEqual([
      'b.yaml:1 matrix.vars: duplicate matrix: "vars" is already defined in a.yaml:2',
    ]);
  });

  it.each([
    [
      'another value',
      'startPort: 10',
      'startPort: 11',
      'b.yaml:1 startPort: conflict at "startPort": a.yaml:1 has another value',
    ],
    [
      'another type',
      'startPort: 10',
      'startPort: "10"',
      'b.yaml:1 startPort: conflict at "startPort": a.yaml:1 has another value',
    ],
    [
      'another spelling',
      'startPort: 10',
      'startPort: 0xA',
      'b.yaml:1 startPort: conflict at "startPort": a.yaml:1 has another value',
    ],
    [
      'a written null',
      'startPort: 10',
      'startPort: ~',
      'b.yaml:1 startPort: conflict at "startPort": a.yaml:1 has another value',
    ],
    [
      'another kind',
      'apiKeys: [a]',
      'apiKeys: {a: 1}',
      'b.yaml:1 apiKeys: conflict at "apiKeys": a.yaml:1 has a list, not a mapping',
    ],
    [
      'another macro',
      'macros: {m: 1}',
      'macros: {m: 2}',
      'b.yaml:1 macros.m: conflict at "macros.m": a.yaml:1 has another value',
    ],
    ['empty models', model('a'), 'models:', 'b.yaml:1 models: conflict at "models": must be a mapping in every file'],
  ])('%s is refused', async (_, first, second, problem) => {
    expect((await summaryOf({ 'a.yaml': first, 'b.yaml': second }))[0]).toBe(problem);
  });

  it('empty files are passed over, and wrong ones named', async () => {
    const { config } = await loadAll({
      'a.yaml': '',
      'b.yaml': '# x\n',
      'c.yaml': '{}',
      'd.yaml': '[]',
      'e.yaml': model('e'),
    });
    expect([...config.models.keys()]).toEqual(['e']);
    expect(await summaryOf({ 'a.yaml': 'x: [', 'b.yaml': '\nmodels: *nope', 'c.yaml': '- a' })).toEqual([
      expect.stringMatching(/^a\.yaml:1 : YAML: /),
      expect.stringMatching(/^b\.yaml:2 : YAML: /),
      'c.yaml:1 : the top level must be a mapping of keys to values',
    ]);
  });

  it('every problem names the file it is in', async () => {
    expect(
      await summaryOf({
        'a.yaml': 'models:\n  a: {cmd: "x ${PORT}", ttl: x}\ngroups: {g: {members: [b, nope]}}',
        'b.yaml': '\nmodels: {b: {cmd: "${nope}"}}\nhealthCheckTimout: 3',
      }),
    ).toEqual([
      'a.yaml:2 models.a.ttl: must be a number, not the text "x"',
      'a.yaml:3 groups.g.members[1]: group "g": no model config for "nope"',
      "b.yaml:2 models.b.cmd: unknown macro '${nope}'",
      'b.yaml:3 healthCheckTimout: is not a known key and has no effect',
    ]);
  });

  it('an anchor is known in its own file only', async () => {
    const { config } = await loadAll({
      'a.yaml': 'x-a: &t {ttl: 1}\nmodels: {a: {cmd: "x ${PORT}", <<: *t}}',
      'b.yaml': 'x-b: &t {ttl: 2}\nmodels: {b: {cmd: "x ${PORT}", <<: *t}}',
    });
    expect([...config.models.values()].map(({ ttlMs }) => ttlMs)).toEqual([1000, 2000]);
    expect(await summaryOf({ 'a.yaml': 'x-a: &t {ttl: 1}', 'b.yaml': 'x-b: *t' })).toEqual([
      expect.stringMatching(/^b\.yaml:1 : YAML: there is no anchor &t/),
    ]);
  });
});
