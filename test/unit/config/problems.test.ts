import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfigFile } from '../../../src/config/load.ts';
import { ConfigError, formatPath, formatProblems, type Problem } from '../../../src/config/problems.ts';
import { problemsOf } from './load-text.ts';

const WRONG = `startPort: abc
models:
  qwen:
    cmd: srv --port \${PORT} --ctx \${ctx}
    ttl: 5m
    checkEndpoint: /%zz
    aliases: [gpt]
  llama:
    proxy: localhost:9000
    aliases:
      - gpt
profiles:
  coding: [qwen, lama]
colour: red
`;

const REPORT = `config.yaml:1:1: error: startPort: must be a whole number, not the text "abc"; write for example startPort: 5800
config.yaml:4:10: error: models.qwen.cmd: unknown macro '\${ctx}'; declare ctx under macros; an environment variable is written \${env.ctx}
config.yaml:5:5: error: models.qwen.ttl: must be a number, not the text "5m"; write for example ttl: 300
config.yaml:6:5: error: models.qwen.checkEndpoint: has a "%" without two hexadecimal digits after it; write %25 for a percent sign
config.yaml:8:3: error: models.llama.cmd: is missing; write for example cmd: llama-server --port \${PORT} -m model.gguf
config.yaml:9:5: error: models.llama.proxy: must be a URL that starts with http:// or https://; write for example proxy: http://localhost:9000
config.yaml:11:9: error: models.llama.aliases[0]: the alias "gpt" already belongs to model "qwen"; an alias must be unique
config.yaml:13:18: error: profiles.coding[1]: there is no model "lama"; did you mean llama?
config.yaml:14:1: warning: colour: is not a known key and has no effect; take it out; YAML anchors can be kept under x-colour`;

describe('problems', () => {
  it('are all reported at once, in the order of the file', async () => {
    expect(formatProblems(await problemsOf(WRONG))).toBe(REPORT);
  });

  it('are the message of the ConfigError, too', () => {
    const problem: Problem = { severity: 'error', file: 'f', line: 1, column: 2, path: 'a', message: 'm', hint: 'h' };
    const error = new ConfigError([problem]);
    expect(error.problems).toEqual([problem]);
    expect(error.message).toBe('The configuration cannot be used:\nf:1:2: error: a: m; h');
  });

  it('are written without what is not known', () => {
    const problem: Problem = {
      severity: 'warning',
      file: 'f',
      line: null,
      column: null,
      path: '',
      message: 'm',
      hint: '',
    };
    expect(formatProblems([problem])).toBe('f: warning: m');
  });

  it('give columns in the original even where references stand before them', async () => {
    const text = 'x-a: ${env.LONG_NAME}\nmodels: {a: {name: "${env.LONG_NAME}", ttl: x, cmd: "x ${PORT}"}}';
    expect(await problemsOf(text, { env: { LONG_NAME: 'v' } })).toMatchObject([
      { line: 2, column: 40, path: 'models.a.ttl' },
    ]);
  });

  it('point into the anchor when the value comes from there', async () => {
    const text = 'x-a: &a\n  ttl: x\nmodels:\n  a: {<<: *a, cmd: "x ${PORT}"}\n  b: {<<: *a, cmd: "x ${PORT}"}\n';
    expect(await problemsOf(text)).toMatchObject([
      { line: 2, column: 3, path: 'models.a.ttl' },
      { line: 2, column: 3, path: 'models.b.ttl' },
    ]);
  });

  it('point to the | of a block', async () => {
    expect(await problemsOf('models:\n  a:\n    cmd: |- # why | not\n\n      srv ${nope}\n')).toMatchObject([
      { line: 3, column: 10 },
    ]);
  });

  it.each([
    [['models', 'qwen', 'ttl'], 'models.qwen.ttl'],
    [['models', 'org/qwen:7b', 'env', 1], 'models.org/qwen:7b.env[1]'],
    [['models', 'qwen2.5', 'ttl'], 'models["qwen2.5"].ttl'],
    [['models', ''], 'models[""]'],
    [[], ''],
  ])('name a key path: %j', (path, text) => {
    expect(formatPath(path)).toBe(text);
  });
});

describe('loadConfigFile', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'config-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  async function problemsOfFile(path: string): Promise<readonly Problem[]> {
    const error: unknown = await loadConfigFile(path).catch((reason: unknown) => reason);
    if (error instanceof ConfigError) return error.problems;
    throw new Error('was not refused');
  }

  it('reads a file, and names it in problems', async () => {
    const path = join(folder, 'good.yaml');
    await writeFile(path, 'models: {a: {cmd: "srv ${PORT}"}}\nnope: 1\n');
    const { config, warnings } = await loadConfigFile(path);
    expect([...config.models.keys()]).toEqual(['a']);
    expect(warnings).toMatchObject([{ file: path, line: 2 }]);
  });

  it('reads UTF-16 with a byte order mark', async () => {
    const path = join(folder, 'utf16.yaml');
    await writeFile(path, Buffer.from('\uFEFFmodels: {ä: {cmd: "srv ${PORT}"}}', 'utf16le'));
    expect([...(await loadConfigFile(path)).config.models.keys()]).toEqual(['ä']);
  });

  it('says why a file cannot be read', async () => {
    const bytes = join(folder, 'bytes.yaml');
    await writeFile(bytes, Buffer.from([0x61, 0xff, 0xfe]));
    expect(await problemsOfFile(join(folder, 'none.yaml'))).toMatchObject([
      { message: 'there is no such file', line: null },
    ]);
    expect(await problemsOfFile(folder)).toMatchObject([{ message: 'this is a directory' }]);
    expect(await problemsOfFile(bytes)).toMatchObject([{ message: 'the file is not text in UTF-8' }]);
  });
});
