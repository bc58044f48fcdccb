import { describe, expect, it } from 'vitest';
import { errorsOf, load, loadModel, problemsOf, warningsOf } from './load-text.ts';

describe('macros', () => {
  it('may use macros declared before them, over several levels', async () => {
    const model = await loadModel(`
macros: {bin: /opt/srv, base: "\${bin} --port \${PORT}", full: "\${base} -c \${ctx-size}", ctx-size: 1}
models: {a: {cmd: "\${base} -m x"}}
`);
    expect(model.argv).toEqual(['/opt/srv', '--port', '5800', '-m', 'x']);
  });

  it('a forward reference is an error where it is used, not where it is declared', async () => {
    const unused = 'macros: {a: "x ${b}", b: y}\nmodels: {m: {cmd: "srv ${PORT}"}}';
    expect(await errorsOf(unused)).toEqual([]);
    const [problem] = await problemsOf('macros: {a: "x ${b}", b: y}\nmodels: {m: {cmd: "srv ${PORT} ${a}"}}');
    expect(problem).toMatchObject({
      path: 'models.m.cmd',
      message: "macro '${b}' is used by a macro that is declared before it",
      hint: 'move b up: a macro can only use macros declared above it',
    });
  });

  it('a model macro overrides a global one, inside other global macros too, and leaks nowhere', async () => {
    const { config } = await load(`
macros: {size: 1, args: "-c \${size}"}
models:
  a: {cmd: "srv \${PORT} \${args} \${own}", macros: {size: 2, own: o}}
  b: {cmd: "srv \${PORT} \${args}"}
`);
    expect(config.models.get('a')?.argv).toEqual(['srv', '5800', '-c', '2', 'o']);
    expect(config.models.get('b')?.argv).toEqual(['srv', '5801', '-c', '1']);
    expect(await errorsOf('models: {a: {cmd: "x ${PORT}", macros: {own: o}}, b: {cmd: "x ${PORT} ${own}"}}')).toEqual([
      "models.b.cmd: unknown macro '${own}'",
    ]);
  });

  it('MODEL_ID works inside a global macro and in every field of a model', async () => {
    const model = await loadModel(`
macros: {log: "/var/\${MODEL_ID}.log"}
models: {qwen: {cmd: "srv \${PORT} --log \${log}", name: "The \${MODEL_ID}", description: "\${log}", metadata: {id: "\${MODEL_ID}"}}}
`);
    expect(model).toMatchObject({
      argv: ['srv', '5800', '--log', '/var/qwen.log'],
      name: 'The qwen',
      description: '/var/qwen.log',
      metadata: { id: 'qwen' },
    });
  });

  it('a text that is nothing but a reference takes the type of the macro, quoted or not', async () => {
    const model = await loadModel(`
macros: {n: 5, f: 0.5, yes: true, s: text, seven: "\${n}"}
models:
  a:
    cmd: srv \${PORT}
    ttl: \${n}
    unlisted: "\${yes}"
    timeouts: {connect: "\${f}"}
    metadata: {n: "\${n}", f: \${f}, b: "\${yes}", s: "\${s}", mixed: "\${n}!", seven: "\${seven}", deep: [{x: ["\${n}"]}]}
`);
    expect(model).toMatchObject({
      ttlMs: 5000,
      unlisted: true,
      timeouts: { connectMs: 500 },
      metadata: { n: 5, f: 0.5, b: true, s: 'text', mixed: '5!', seven: 5, deep: [{ x: [5] }] },
    });
  });

  it('a text macro in a number field, and a number put together from parts, are type errors', async () => {
    expect(
      await errorsOf('macros: {s: "5", n: 5}\nmodels: {a: {cmd: "x ${PORT}", ttl: "${s}", unloadTimeout: "1${n}"}}'),
    ).toEqual([
      'models.a.ttl: must be a number, not the text "5"',
      'models.a.unloadTimeout: must be a number, not the text "15"',
    ]);
  });

  it('numbers keep their spelling inside a text', async () => {
    const model = await loadModel(
      'macros: {t: 0.70, e: 1e6, h: 0x1F, b: True}\nmodels: {a: {cmd: "srv ${PORT} ${t} ${e} ${h} ${b}"}}',
    );
    expect(model.argv.slice(2)).toEqual(['0.70', '1e6', '0x1F', 'True']);
  });

  it('work in all fields, and never in keys', async () => {
    const { config } = await load(`
macros: {port: 6000, t: 60, alias: nick, on: true}
startPort: \${port}
globalTTL: \${t}
logRequests: \${on}
scheduler: {maxWait: "\${t}"}
profiles: {pair: ["\${alias}"]}
models: {a: {cmd: "srv \${PORT}", aliases: [\${alias}], env: ["T=\${t}"], metadata: {"\${t}": 1}}}
`);
    expect(config).toMatchObject({ logRequests: true, scheduler: { maxWaitMs: 60_000 } });
    expect(config.profiles.get('pair')?.members).toEqual(['a']);
    expect(config.models.get('a')).toMatchObject({
      argv: ['srv', '6000'],
      ttlMs: 60_000,
      aliases: ['nick'],
      env: { T: '60' },
      metadata: { '${t}': 1 },
    });
  });

  it.each([
    ['a dot in the name', 'a.b: 1', 'macros["a.b"]: is not a macro name'],
    ['64 characters', `${'a'.repeat(64)}: 1`, `macros.${'a'.repeat(64)}: is too long for a macro name`],
    ['PORT', 'PORT: 1', 'macros.PORT: is reserved: the gateway sets it'],
    ['PID', 'PID: 1', 'macros.PID: is reserved: the gateway sets it'],
    ['MODEL_ID', 'MODEL_ID: 1', 'macros.MODEL_ID: is reserved: the gateway sets it'],
    ['a list', 'a: [1]', 'macros.a: must be text, a number, true or false'],
    ['a mapping', 'a: {b: 1}', 'macros.a: must be text, a number, true or false'],
    ['null', 'a: ~', 'macros.a: must be text, a number, true or false'],
    ['a self reference', 'a: "x ${a}"', 'macros.a: refers to itself'],
  ])('%s is refused, globally and in a model', async (_, entry, message) => {
    expect(await errorsOf(`macros: {${entry}}`)).toEqual([message]);
    expect(await errorsOf(`models: {m: {cmd: "x \${PORT}", macros: {${entry}}}}`)).toEqual([`models.m.${message}`]);
  });

  it('a name of 63 characters is fine', async () => {
    expect(await errorsOf(`macros: {${'a'.repeat(63)}: 1}`)).toEqual([]);
  });

  it('a block that is a list, or that merges, is refused; null is none', async () => {
    expect(await errorsOf('macros: [a]')).toEqual(['macros: must be a mapping of names to values']);
    expect(await errorsOf('x-a: &a {b: 1}\nmacros: {<<: *a}')).toEqual(['macros: cannot take in a merge key (<<)']);
    expect(await errorsOf('macros:\nmodels: {a: {cmd: "x ${PORT}", macros: ~}}')).toEqual([]);
  });

  it.each(['cmd', 'cmdStop', 'proxy', 'checkEndpoint', 'name', 'description', 'useModelName'])(
    'an unknown macro in %s names model and field',
    async (key) => {
      const model = { cmd: 'srv ${PORT}', [key]: 'http://x ${PORT} ${nope}' };
      const errors = await errorsOf({ models: { a: model } });
      expect(errors).toEqual([`models.a.${key}: unknown macro '\${nope}'`]);
    },
  );

  it('an unknown macro is found in lists, under unknown keys of a model and at the top level', async () => {
    expect(
      await errorsOf(
        'logLevel: ${a}\nmodels: {m: {cmd: "x ${PORT}", env: [A=1, "B=${b}"], metadata: {k: [{v: "${c}"}]}, zzz: "${d}"}}',
      ),
    ).toEqual([
      "logLevel: unknown macro '${a}'",
      "models.m.env[1]: unknown macro '${b}'",
      "models.m.metadata.k[0].v: unknown macro '${c}'",
      "models.m.zzz: unknown macro '${d}'",
    ]);
  });

  it('an unknown macro gets a hint', async () => {
    const problems = await problemsOf('macros: {server: x}\nmodels: {m: {cmd: "${sever} ${PORT} ${HOME}"}}');
    expect(problems.map(({ hint }) => hint)).toEqual([
      'did you mean ${server}?',
      'declare HOME under macros; an environment variable is written ${env.HOME}',
    ]);
  });

  it('text that only looks like a macro stays', async () => {
    const model = await loadModel('models: {a: {cmd: "srv ${PORT} $HOME $$ ${} ${a.b} ${a b}"}}');
    expect(model.argv.slice(2)).toEqual(['$HOME', '$$', '${}', '${a.b}', '${a', 'b}']);
  });

  it('unknown top-level keys are not looked into', async () => {
    expect(await errorsOf('x-old: "${nope}"\nold: "${nope}"')).toEqual([]);
  });

  it('a comment line in cmd neither expands nor leaks words into the arguments', async () => {
    const model = await loadModel(`
macros:
  args: |
    # a comment
    --real 1
models:
  a:
    cmd: |
      # \${nope} and \${PORT}
      srv --port \${PORT}
        # \${args}
      \${args}
`);
    expect(model.argv).toEqual(['srv', '--port', '5800', '--real', '1']);
  });

  it('anchors expand with the macros of the model that uses them', async () => {
    const { config } = await load(`
x-common: &common {cmd: "srv \${PORT} -m \${file}", ttl: 5}
x-more: &more {ttl: 9, name: "\${file}"}
models:
  a: {<<: [*common, *more], macros: {file: one}}
  b: {<<: *common, macros: {file: two}, ttl: 7}
`);
    expect(config.models.get('a')).toMatchObject({ argv: ['srv', '5800', '-m', 'one'], ttlMs: 5000, name: 'one' });
    expect(config.models.get('b')).toMatchObject({ argv: ['srv', '5801', '-m', 'two'], ttlMs: 7000, name: '' });
  });

  it('macros that grow without end are refused', async () => {
    const names = Array.from({ length: 40 }, (_, i) => `m${i}`);
    const macros = Object.fromEntries(names.map((name, i) => [name, i === 0 ? 'x' : `\${m${i - 1}}\${m${i - 1}}`]));
    expect(await errorsOf({ macros, models: { a: { cmd: 'srv ${PORT} ${m39}' } } })).toEqual([
      'models.a.cmd: grows to more than 1048576 characters when its macros are expanded',
    ]);
  });
});

describe('${PORT}, ${MODEL_ID} and ${PID}', () => {
  it('${PORT} reaches all fields of its model, as a number', async () => {
    const model = await loadModel(`
models:
  a:
    cmd: srv --port \${PORT}
    proxy: http://10.0.0.1:\${PORT}/v1
    checkEndpoint: /health?\${PORT}
    aliases: ["a-\${PORT}"]
    env: ["P=\${PORT}"]
    metadata: {port: "\${PORT}", text: ":\${PORT}"}
`);
    expect(model).toMatchObject({
      upstream: { url: 'http://10.0.0.1:5800/v1', hostname: '10.0.0.1', port: 5800, basePath: '/v1' },
      checkEndpoint: '/health?5800',
      aliases: ['a-5800'],
      env: { P: '5800' },
      metadata: { port: 5800, text: ':5800' },
    });
  });

  it('may come out of a macro', async () => {
    expect(await loadModel('macros: {p: "--port ${PORT}"}\nmodels: {a: {cmd: "srv ${p}"}}')).toMatchObject({
      argv: ['srv', '--port', '5800'],
    });
  });

  it('a model without ${PORT} in cmd and without proxy is refused with what to write', async () => {
    expect(await problemsOf('models: {a: {cmd: "srv -p 9000"}}')).toMatchObject([
      {
        severity: 'error',
        path: 'models.a.proxy',
        message: 'the gateway cannot know where the model listens: cmd does not use ${PORT}',
        hint: 'write ${PORT} in cmd (for example --port ${PORT}), or give the address: proxy: http://127.0.0.1:9000',
      },
    ]);
  });

  it('a --port in cmd says where such a model listens, with a warning', async () => {
    const text = 'models: {a: {cmd: "srv --port 9000"}, b: {cmd: "srv --port=5800 -m x"}, c: {cmd: "srv ${PORT}"}}';
    const { config, warnings } = await load(text);
    expect([...config.models.values()].map(({ upstream }) => upstream.url)).toEqual([
      'http://localhost:9000',
      'http://localhost:5800',
      'http://localhost:5801',
    ]);
    expect(warnings).toMatchObject([
      {
        path: 'models.a.proxy',
        message: 'is missing; http://localhost:9000 is used, from the port in cmd',
        hint: 'write proxy: http://localhost:9000, or use ${PORT} in cmd',
      },
      { path: 'models.b.proxy' },
    ]);
  });

  it.each([
    'docker run -p 1:2 image --port 9000',
    '/usr/bin/podman run image --port 9000',
    'srv --port',
    'srv --port 99999',
  ])('%s does not say it', async (cmd) => {
    expect(await errorsOf({ models: { a: { cmd } } })).toHaveLength(1);
  });

  it('${PORT} in other fields of such a model is refused', async () => {
    expect(
      await errorsOf('models: {a: {cmd: srv, proxy: "http://x:1", cmdStop: "stop ${PORT}", env: ["P=${PORT}"]}}'),
    ).toEqual([
      'models.a.cmdStop: ${PORT} is used here, but not in cmd',
      'models.a.env[0]: ${PORT} is used here, but not in cmd',
    ]);
  });

  it('${PID} stays in cmdStop, also through a macro, and is refused elsewhere', async () => {
    const model = await loadModel('macros: {stop: "kill ${PID}"}\nmodels: {a: {cmd: "x ${PORT}", cmdStop: "${stop}"}}');
    expect(model.stopArgv).toEqual(['kill', '${PID}']);
    expect(await errorsOf('models: {a: {cmd: "x ${PORT} ${PID}", name: "${PID}"}}')).toEqual([
      'models.a.cmd: ${PID} is not known in cmd',
      'models.a.name: ${PID} is only known in cmdStop',
    ]);
  });

  it('at the top level none of them means anything', async () => {
    expect(await errorsOf('globalTTL: ${PORT}\nlogLevel: ${MODEL_ID}')).toEqual([
      'globalTTL: ${PORT} has no meaning here',
      'logLevel: ${MODEL_ID} has no meaning here',
    ]);
  });

  it('a wrong cmd brings no second error about its port', async () => {
    expect(await errorsOf('models: {a: {cmd: "srv ${prot}"}, b: {cmd: [srv]}}')).toEqual([
      "models.a.cmd: unknown macro '${prot}'",
      'models.b.cmd: must be text, not a list',
    ]);
    expect(await warningsOf('models: {a: {cmd: "srv ${prot}"}}')).toEqual([]);
  });
});
