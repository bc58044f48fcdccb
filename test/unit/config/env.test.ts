import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/load.ts';
import { formatProblems } from '../../../src/config/problems.ts';
import { errorsOf, load, loadModel, problemsOf } from './load-text.ts';

describe('${env.NAME}', () => {
  it('is put in everywhere: commands, addresses, macros, metadata, keys', async () => {
    const env = { BIN: '/opt/srv', HOST: '10.0.0.9', PATH_: '/ok', N: '5', ID: 'qwen', TTL: '30', STOP: 'docker' };
    const model = await loadModel(
      `
macros: {args: "-n \${env.N}", n: "\${env.N}", typed: \${env.N}}
models:
  \${env.ID}:
    cmd: \${env.BIN} --port \${PORT} \${args} \${env.N}\${env.N}
    cmdStop: \${env.STOP} stop \${PID}
    proxy: http://\${env.HOST}:\${PORT}
    checkEndpoint: \${env.PATH_}
    ttl: \${env.TTL}
    env: ["A=\${env.BIN}"]
    metadata: {deep: {list: ["\${env.N}", \${env.N}]}, n: \${typed}}
`,
      'qwen',
      { env },
    );
    expect(model).toMatchObject({
      argv: ['/opt/srv', '--port', '5800', '-n', '5', '55'],
      stopArgv: ['docker', 'stop', '${PID}'],
      upstream: { hostname: '10.0.0.9' },
      checkEndpoint: '/ok',
      ttlMs: 30_000,
      env: { A: '/opt/srv' },
      metadata: { deep: { list: ['5', 5] }, n: 5 },
    });
  });

  it('keeps quotes, backslashes, # and colons of a value in every style of YAML', async () => {
    const value = String.raw`C:\m "x" 'y' # z: {a} [b]`;
    const model = await loadModel(
      `
models:
  a:
    cmd: srv \${PORT}
    metadata:
      plain: \${env.V}
      double: "\${env.V}"
      single: '\${env.V}'
      block: |-
        \${env.V}
      flow: [\${env.V}, {k: \${env.V}}]
`,
      'a',
      { env: { V: value } },
    );
    expect(model.metadata).toEqual({
      plain: value,
      double: value,
      single: value,
      block: value,
      flow: [value, { k: value }],
    });
  });

  it('may hold another reference, and macros', async () => {
    const env = { A: '-x ${env.B} ${m}', B: 'b${env.C}' };
    expect(await loadModel('macros: {m: 1}\nmodels: {a: {cmd: "srv ${PORT} ${env.A}"}}', 'a', { env })).toMatchObject({
      argv: ['srv', '5800', '-x', 'b${env.C}', '1'],
    });
  });

  it('that is empty and not quoted is null: the default, and no list item', async () => {
    const model = await loadModel('models: {a: {cmd: "srv ${PORT}", ttl: ${env.E}, aliases: [x, ${env.E}]}}', 'a', {
      env: { E: '' },
    });
    expect(model).toMatchObject({ ttlMs: 0, aliases: ['x'] });
  });

  it('other names stay as they are', async () => {
    const model = await loadModel('models: {a: {cmd: "srv ${PORT} ${env.1A} ${env.A-B} ${ENV.A}"}}');
    expect(model.argv.slice(2)).toEqual(['${env.1A}', '${env.A-B}', '${ENV.A}']);
  });

  it('in YAML comments asks for nothing; in a comment line of cmd it does', async () => {
    expect(
      await errorsOf('# ${env.A}\nmodels: # ${env.B}\n  # ${env.C}\n  a: {cmd: "x ${PORT}"} # ${env.D}\n'),
    ).toEqual([]);
    expect(await errorsOf('models:\n  a:\n    cmd: |\n      # ${env.A}\n      srv ${PORT}\n')).toEqual([
      'models.a.cmd: the environment variable A is not set',
    ]);
  });

  it('that is not set is an error at each exact place', async () => {
    const text =
      'macros:\n  k: "a ${env.ONE} ${env.TWO}"\nmodels:\n  a:\n    cmd: |\n      srv ${PORT}\n      --key ${env.THREE}\n';
    expect(await problemsOf(text)).toMatchObject([
      { path: 'macros.k', line: 2, column: 9, message: 'the environment variable ONE is not set' },
      { path: 'macros.k', line: 2, column: 20, message: 'the environment variable TWO is not set' },
      { path: 'models.a.cmd', line: 7, column: 13, message: 'the environment variable THREE is not set' },
    ]);
  });

  it.each([
    ['LF', 'a\nb'],
    ['CR', 'a\rb'],
    ['NUL', 'a\0b'],
  ])('with %s in its value is refused', async (_, value) => {
    expect(await errorsOf('models: {a: {cmd: "x ${PORT} ${env.V}"}}', { env: { V: value } })).toEqual([
      'models.a.cmd: the environment variable V holds a line break or a NUL',
    ]);
  });

  it('works in plain objects', async () => {
    const env = { BIN: '/opt/srv', TTL: '7' };
    const model = await loadModel({ models: { a: { cmd: '${env.BIN} ${PORT}', ttl: '${env.TTL}' } } }, 'a', { env });
    expect(model).toMatchObject({ argv: ['/opt/srv', '5800'], ttlMs: 7000 });
  });

  it('reads the environment of the process by default', async () => {
    const { config } = await parseConfig('models: {a: {cmd: "srv ${PORT}", metadata: {p: "${env.PATH}"}}}');
    expect(config.models.get('a')?.metadata['p']).toBe(process.env['PATH']);
  });

  it('two keys that become the same are an error', async () => {
    expect(
      await errorsOf('models: {a: {cmd: "x ${PORT}"}, "${env.A}": {cmd: "x ${PORT}"}}', { env: { A: 'a' } }),
    ).toEqual(['models["${env.A}"]: is the same key as another one here']);
  });
});

describe('secrets from the environment', () => {
  const env = { KEY: 'sk-secret', URL: 'user:sk-secret@host', N: 'sk-secret', M: '${sk-secret}' };

  it('are in argv, but not in the command for people', async () => {
    const { config } = await load('macros: {key: "--key ${env.KEY}"}\nmodels: {a: {cmd: "srv ${PORT} ${key}"}}', {
      env,
    });
    expect(config.models.get('a')).toMatchObject({
      cmd: 'srv 5800 --key ${env.KEY}',
      argv: ['srv', '5800', '--key', 'sk-secret'],
    });
  });

  it('never appear in problems', async () => {
    const problems = await problemsOf(
      `
globalTTL: \${env.N}
logLevel: "\${env.KEY}"
macros: {m: "\${env.N}"}
models:
  a:
    cmd: srv \${PORT} \${env.M}
    ttl: "\${env.N}"
    unloadTimeout: \${m}
    proxy: \${env.URL}
    checkEndpoint: /%\${env.KEY}
    aliases: ["\${env.KEY}", "\${env.KEY}"]
    env: ["\${env.KEY}", sk-secret]
profiles: {p: ["\${env.KEY}-and-more"]}
`,
      { env },
    );
    expect(problems.length).toBeGreaterThan(8);
    expect(formatProblems(problems)).not.toContain('sk-secret');
  });
});
