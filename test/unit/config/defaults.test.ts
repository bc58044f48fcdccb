import { describe, expect, it } from 'vitest';
import { errorsOf, load, loadModel, problemsOf, warningsOf } from './load-text.ts';

describe('defaults', () => {
  it('are filled in for everything', async () => {
    const { config, warnings } = await load('models: {a: {cmd: "srv --port ${PORT}"}}');
    expect(warnings).toEqual([]);
    expect(config).toEqual({
      models: new Map([
        [
          'a',
          {
            id: 'a',
            name: '',
            description: '',
            cmd: 'srv --port 5800',
            argv: ['srv', '--port', '5800'],
            isContainer: false,
            stopArgv: null,
            env: {},
            upstream: {
              url: 'http://localhost:5800',
              protocol: 'http:',
              hostname: 'localhost',
              port: 5800,
              basePath: '',
            },
            checkEndpoint: '/health',
            healthTimeoutMs: 120_000,
            ttlMs: 0,
            stopTimeoutMs: 10_000,
            aliases: [],
            unlisted: false,
            useModelName: null,
            concurrencyLimit: null,
            priority: 0,
            filters: { stripParams: [], setParams: {}, setParamsById: {} },
            sendLoadingState: false,
            capabilities: null,
            ignoresWebsockets: false,
            liveness: null,
            metadata: {},
            timeouts: {
              connectMs: 30_000,
              tlsHandshakeMs: 10_000,
              keepAliveMs: 30_000,
              responseHeaderMs: 0,
              idleConnectionMs: 90_000,
            },
          },
        ],
      ]),
      aliases: new Map(),
      profiles: new Map(),
      pins: new Map(),
      selectors: new Map(),
      peers: new Map(),
      routing: { kind: 'exclusive' },
      preload: [],
      auth: { keys: [] },
      cors: { origins: [] },
      activity: {
        maxInMemory: 1000,
        storePath: null,
        retention: { maxAgeMs: 0, maxRows: 1_000_000 },
        captureBytes: 5 * 1024 * 1024,
        sessionHeaders: ['X-Session-ID', 'X-Litellm-Session-Id'],
      },
      performance: { disabled: false, everyMs: 5000 },
      includeAliasesInList: false,
      upstreamIgnorePaths: [String.raw`.*\.(js|json|css|png|gif|jpg|jpeg|ico|txt)$`],
      logToStdout: 'proxy',
      logTimeFormat: null,
      scheduler: { maxWaitMs: 60_000, maxQueue: 1000 },
      server: { maxBodyBytes: 512 * 1024 * 1024 },
      logLevel: 'info',
      logRequests: false,
    });
  });

  it.each([
    ['an empty text', ''],
    ['comments only', '# nothing\n'],
    ['{}', '{}'],
    ['[]', '[]'],
    ['a document marker', '---\n'],
    ['models without models', 'models:\n'],
  ])('%s loads without models, and says so', async (_, text) => {
    const { config, warnings } = await load(text);
    expect(config.models.size).toBe(0);
    expect(warnings.map(({ message }) => message)).toEqual(['there are no models']);
  });

  it.each([
    ['a non-empty list', '[a]'],
    ['a single word', 'hello'],
  ])('%s is no configuration', async (_, text) => {
    expect(await errorsOf(text)).toEqual([': the top level must be a mapping of keys to values']);
  });

  it('null means "not given"', async () => {
    const model = await loadModel(
      'globalTTL: 7\nmodels:\n  a:\n    cmd: srv ${PORT}\n    ttl:\n    proxy: ~\n    env: null\n',
    );
    expect(model).toMatchObject({ ttlMs: 7000, env: {}, upstream: { port: 5800 } });
  });

  it('everything in a Config is frozen', async () => {
    const { config } = await load('models: {a: {cmd: "srv ${PORT}", metadata: {deep: [{x: 1}]}}}');
    const model = config.models.get('a')!;
    const deep = model.metadata['deep'] as { x: number }[];
    expect(() => (config.models as Map<string, unknown>).set('b', 1)).toThrow(TypeError);
    expect(() => (config.aliases as Map<string, unknown>).clear()).toThrow(TypeError);
    expect(() => {
      (model as { ttlMs: number }).ttlMs = 1;
    }).toThrow(TypeError);
    expect(() => {
      deep[0]!.x = 2;
    }).toThrow(TypeError);
  });
});

describe('globalTTL and ttl', () => {
  it.each([
    ['is inherited', 'globalTTL: 60', '', 60_000],
    ['is inherited with -1', 'globalTTL: 60', 'ttl: -1', 60_000],
    ['0 of the model wins', 'globalTTL: 60', 'ttl: 0', 0],
    ['the value of the model wins', 'globalTTL: 60', 'ttl: 5', 5000],
    ['may be a fraction', '', 'ttl: 0.2', 200],
    ['never rounds down to "never"', '', 'ttl: 0.0001', 1],
  ])('%s', async (_, top, own, ttlMs) => {
    expect(await loadModel(`${top}\nmodels:\n  a:\n    cmd: srv \${PORT}\n    ${own}\n`)).toMatchObject({ ttlMs });
  });

  it('must not be negative', async () => {
    expect(
      await errorsOf('globalTTL: -1\nmodels: {a: {cmd: "x ${PORT}", ttl: -2}, b: {cmd: "x ${PORT}", ttl: -0.5}}'),
    ).toEqual([
      'globalTTL: must be 0 or more, not -1',
      'models.a.ttl: must be -1 or more, not -2',
      'models.b.ttl: must be 0 or more, or -1',
    ]);
  });

  it('a ttl that no timer can wait is cut, with a warning, and never fires at once', async () => {
    const text = 'models: {a: {cmd: "x ${PORT}", ttl: 2592000}}';
    expect(await loadModel(text)).toMatchObject({ ttlMs: 2 ** 31 - 1 });
    expect(await warningsOf(text)).toEqual([
      'models.a.ttl: is longer than a timer can run; 2147483 s (24.8 days) is used; write at most 2147483',
    ]);
  });
});

describe('unloadTimeout', () => {
  it.each([
    ['default', '', '', 10_000],
    ['inherited', 'unloadTimeout: 3', '', 3000],
    ['overridden', 'unloadTimeout: 3', 'unloadTimeout: 4', 4000],
    ['0 of the model is the global one', 'unloadTimeout: 3', 'unloadTimeout: 0', 3000],
    ['0 of the global one is the default', 'unloadTimeout: 0', '', 10_000],
  ])('%s', async (_, top, own, stopTimeoutMs) => {
    expect(await loadModel(`${top}\nmodels:\n  a:\n    cmd: srv \${PORT}\n    ${own}\n`)).toMatchObject({
      stopTimeoutMs,
    });
  });

  it('must not be negative, at both levels', async () => {
    expect(await errorsOf('unloadTimeout: -1\nmodels: {a: {cmd: "x ${PORT}", unloadTimeout: -3}}')).toEqual([
      'unloadTimeout: must be 0 or more, not -1',
      'models.a.unloadTimeout: must be 0 or more, not -3',
    ]);
  });
});

describe('healthCheckTimeout', () => {
  it.each([
    ['default', '', '', 120_000],
    ['global', 'healthCheckTimeout: 60', '', 60_000],
    ['raised to 15', 'healthCheckTimeout: 3', '', 15_000],
  ])('%s', async (_, top, own, healthTimeoutMs) => {
    expect(await loadModel(`${top}\nmodels:\n  a:\n    cmd: srv \${PORT}\n    ${own}\n`)).toMatchObject({
      healthTimeoutMs,
    });
  });

  it('D9: the healthCheckTimeout of a model is not ignored', async () => {
    const text =
      'healthCheckTimeout: 60\nmodels: {a: {cmd: "x ${PORT}", healthCheckTimeout: 300}, b: {cmd: "x ${PORT}"}}';
    const { config } = await load(text);
    expect(config.models.get('a')?.healthTimeoutMs).toBe(300_000);
    expect(config.models.get('b')?.healthTimeoutMs).toBe(60_000);
  });

  it('has the same floor in a model, and says when it raises a value', async () => {
    const text = 'models: {a: {cmd: "x ${PORT}", healthCheckTimeout: 5}}';
    expect(await loadModel(text)).toMatchObject({ healthTimeoutMs: 15_000 });
    expect(await warningsOf(text)).toEqual([
      'models.a.healthCheckTimeout: is less than 15 s; 15 s is used; write 15 or more',
    ]);
  });

  it('has the same floor for objects, unless a script lowers it', async () => {
    const source = { models: { a: { cmd: 'x ${PORT}', healthCheckTimeout: 0.5 } } };
    expect(await loadModel(source)).toMatchObject({ healthTimeoutMs: 15_000 });
    expect(await loadModel(source, 'a', { minHealthCheckTimeout: 0 })).toMatchObject({ healthTimeoutMs: 500 });
    expect(await warningsOf(source, { minHealthCheckTimeout: 0 })).toEqual([]);
  });
});

describe('other model keys', () => {
  it('are read', async () => {
    const model = await loadModel(`
models:
  a:
    cmd: "srv"
    cmdStop: docker stop "\${MODEL_ID}" \${PID}
    proxy: https://[::1]:9000/base/
    env: [A=1, "B=x=y", C=, A=2]
    checkEndpoint: " /v1/models?x=1 "
    unlisted: true
    useModelName: up
    name: " A "
    description: Model A
    concurrencyLimit: 4
    metadata: {n: 1.10, list: [1, ~, yes], nested: {b: false}}
    timeouts: {connect: 0, responseHeader: 1.5}
`);
    expect(model).toMatchObject({
      stopArgv: ['docker', 'stop', 'a', '${PID}'],
      upstream: { url: 'https://[::1]:9000/base/', protocol: 'https:', hostname: '::1', port: 9000, basePath: '/base' },
      env: { A: '2', B: 'x=y', C: '' },
      checkEndpoint: '/v1/models?x=1',
      unlisted: true,
      useModelName: 'up',
      name: 'A',
      description: 'Model A',
      concurrencyLimit: 4,
      metadata: { n: 1.1, list: [1, null, 'yes'], nested: { b: false } },
      timeouts: {
        connectMs: 0,
        tlsHandshakeMs: 10_000,
        keepAliveMs: 30_000,
        responseHeaderMs: 1500,
        idleConnectionMs: 90_000,
      },
    });
  });

  it('what is not used of a proxy is not kept, and so shown nowhere', async () => {
    const proxy = 'http://u:${env.PW}@h:9000/base?key=${env.PW}#x';
    const model = await loadModel({ models: { a: { cmd: 'x', proxy } } }, 'a', { env: { PW: 'sesame' } });
    expect(model.upstream).toMatchObject({ url: 'http://h:9000/base', hostname: 'h', port: 9000, basePath: '/base' });
  });

  it.each([[0], [-3]])('concurrencyLimit %i is no limit', async (concurrencyLimit) => {
    expect(await loadModel({ models: { a: { cmd: 'x ${PORT}', concurrencyLimit } } })).toMatchObject({
      concurrencyLimit: null,
    });
  });

  it.each([
    [undefined, null],
    [10, 50],
    [50, 50],
    [60, 60],
  ])('comfyui_auto with concurrencyLimit %s gets %s', async (given, concurrencyLimit) => {
    const model = given === undefined ? { cmd: 'x ${PORT}' } : { cmd: 'x ${PORT}', concurrencyLimit: given };
    expect(await loadModel({ models: { comfyui_auto: model } })).toMatchObject({ concurrencyLimit });
  });

  it('cmdStop is taskkill on Windows, also when it is blank', async () => {
    const text = 'models: {a: {cmd: "x ${PORT}", cmdStop: " "}}';
    expect(await loadModel(text, 'a', { platform: 'win32' })).toMatchObject({
      stopArgv: ['taskkill', '/f', '/t', '/pid', '${PID}'],
    });
    expect(await loadModel(text)).toMatchObject({ stopArgv: null });
  });

  it('a missing cmd, an empty one and one of comments only are refused', async () => {
    const text =
      'models:\n  a: {proxy: "http://x:1"}\n  b: {cmd: "", proxy: "http://x:2"}\n  c: {cmd: "# x", proxy: "http://x:3"}\n  d:\n';
    expect(await errorsOf(text)).toEqual([
      'models.a.cmd: is missing',
      'models.b.cmd: holds no program to run',
      'models.c.cmd: holds no program to run',
      'models.d.cmd: is missing',
    ]);
  });

  it('what only a shell would understand gets a warning', async () => {
    expect(
      await warningsOf('models: {a: {cmd: "cd /x && srv ${PORT}"}, b: {cmd: "sh -c \'a && b\' ${PORT}"}}'),
    ).toEqual([
      'models.a.cmd: passes && as an argument: there is no shell; for a shell write sh -c \'…\', or quote it if it is meant as "&&"',
    ]);
  });

  it('a quote that is never closed gets a warning', async () => {
    expect(await warningsOf(`models: {a: {cmd: 'srv \${PORT} "x'}}`)).toEqual([
      'models.a.cmd: has a quote that is never closed; close it, or escape it with a backslash',
    ]);
  });

  it('scheduler, server and log settings are read', async () => {
    const { config } = await load(
      'scheduler: {maxWait: 0.5, maxQueue: 3}\nserver: {maxBodySize: 0.5}\nlogLevel: WARN\nlogRequests: true\nmodels: {a: {cmd: "x ${PORT}"}}',
    );
    expect(config).toMatchObject({
      scheduler: { maxWaitMs: 500, maxQueue: 3 },
      server: { maxBodyBytes: 524_288 },
      logLevel: 'warn',
      logRequests: true,
    });
  });

  it('an unknown logLevel falls back to info with a warning', async () => {
    const { config, warnings } = await load('logLevel: verbose\nmodels: {a: {cmd: "x ${PORT}"}}');
    expect(config.logLevel).toBe('info');
    expect(warnings).toMatchObject([
      { path: 'logLevel', message: 'is not one of debug, info, warn, error', hint: 'info is used' },
    ]);
  });
});

describe('addresses', () => {
  it.each([
    ['localhost:9000', 'must be a URL that starts with http:// or https://'],
    ['127.0.0.1:9000', 'must be a URL that starts with http:// or https://'],
    [':foo', 'must be a URL that starts with http:// or https://'],
    ['ftp://x', 'must be a URL that starts with http:// or https://'],
    ['http://[::1', 'is not a valid URL'],
    ['http://x:99999', 'is not a valid URL'],
    ['http://', 'is not a valid URL'],
    ['http://x:0', 'has port 0, where nobody can listen'],
  ])('proxy "%s" is refused', async (proxy, message) => {
    expect(await errorsOf({ models: { a: { cmd: 'srv', proxy } } })).toEqual([`models.a.proxy: ${message}`]);
  });

  it('a proxy without http:// is told what to write', async () => {
    const [problem] = await problemsOf({ models: { a: { cmd: 'srv', proxy: 'localhost:9000/v1' } } });
    expect(problem?.hint).toBe('write for example proxy: http://localhost:9000/v1');
  });

  it('parts of a proxy URL without effect get a warning', async () => {
    expect(await warningsOf({ models: { a: { cmd: 'srv', proxy: 'http://u:p@h:1/?a#b' } } })).toEqual([
      'models.a.proxy: the user and password and the query and the fragment of the URL will not be used; write protocol, host, port and path only',
    ]);
  });

  it.each([
    ['/%zz', 'has a "%" without two hexadecimal digits after it'],
    ['/%', 'has a "%" without two hexadecimal digits after it'],
    ['/a\nb', 'holds a control character'],
    ['http://[x/health', 'is not a valid URL'],
  ])(
    'R14: an invalid checkEndpoint (%s) is refused at load, not at the first start',
    async (checkEndpoint, message) => {
      expect(await errorsOf({ models: { a: { cmd: 'srv ${PORT}', checkEndpoint } } })).toEqual([
        `models.a.checkEndpoint: ${message}`,
      ]);
    },
  );

  it.each([
    ['none', null],
    [' none ', null],
    ['health', '/health'],
    ['', '/'],
    ['/a%20b', '/a%20b'],
    ['/a b?ä=🦙', '/a%20b?%C3%A4=%F0%9F%A6%99'],
    ['/a#b', '/a'],
    ['http://x:9/health?ready=ja b#c', '/health?ready=ja%20b'],
    ['https://x', '/'],
  ])('checkEndpoint "%s" is %s', async (given, checkEndpoint) => {
    expect(await loadModel({ models: { a: { cmd: 'srv ${PORT}', checkEndpoint: given } } })).toMatchObject({
      checkEndpoint,
    });
  });

  it('of a checkEndpoint that is a whole URL, or has a fragment, it is said what counts', async () => {
    const of = (checkEndpoint: string) => warningsOf({ models: { a: { cmd: 'srv ${PORT}', checkEndpoint } } });
    expect(await of('http://x:9/health')).toEqual([
      'models.a.checkEndpoint: is a whole URL, of which only the path is used; write the path alone: proxy says where the model listens',
    ]);
    expect(await of('/health#top')).toEqual([
      'models.a.checkEndpoint: holds a fragment (#…), which is never sent; take it out, or write %23',
    ]);
  });

  it('an item of env without a value, or without a name, has no effect, and that is said', async () => {
    const config = { models: { a: { cmd: 'srv ${PORT}', env: ['A=1', 'DEBUG', '=x', ''] } } };
    expect((await loadModel(config)).env).toEqual({ A: '1' });
    const wrong = 'is not of the form NAME=value and has no effect; write for example - CUDA_VISIBLE_DEVICES=0';
    expect(await warningsOf(config)).toEqual([1, 2, 3].map((index) => `models.a.env[${index}]: ${wrong}`));
    expect(await errorsOf({ models: { a: { cmd: 'srv ${PORT}', env: ['A=\0'] } } })).toEqual([
      'models.a.env[0]: holds a NUL, which no environment can hold',
    ]);
  });

  it('an empty proxy is none', async () => {
    const model = await loadModel({ models: { a: { cmd: 'srv ${PORT}', proxy: '' } } });
    expect(model.upstream).toMatchObject({ url: 'http://localhost:5800' });
    expect((await loadModel({ models: { a: { cmd: 'srv --port 9000', proxy: ' ' } } })).upstream.port).toBe(9000);
  });
});
