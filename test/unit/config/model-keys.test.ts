import { describe, expect, it } from 'vitest';
import { errorsOf, load, loadModel, warningsOf } from './load-text.ts';

const model = (keys: string): string => `models:\n  a:\n    cmd: srv \${PORT}\n    ${keys}\n`;

describe('sendLoadingState', () => {
  it.each([
    ['off by default', '', '', false],
    ['inherited', 'sendLoadingState: true', '', true],
    ['switched off by the model', 'sendLoadingState: true', 'sendLoadingState: false', false],
    ['switched on by the model', '', 'sendLoadingState: true', true],
    ['from a macro', 'macros: {on: true}\nsendLoadingState: ${on}', '', true],
  ])('is %s', async (_, top, own, sendLoadingState) => {
    expect(await loadModel(`${top}\n${model(own)}`)).toMatchObject({ sendLoadingState });
  });
});

describe('capabilities', () => {
  it('are read, with macros in their own types', async () => {
    const text =
      'macros: {ctx: 32768, yes: true, kind: image}\n' +
      model('capabilities: {in: [text, "${kind}"], out: [text], tools: "${yes}", context: "${ctx}"}');
    expect((await loadModel(text)).capabilities).toEqual({
      in: ['text', 'image'],
      out: ['text'],
      tools: true,
      reranker: false,
      context: 32768,
    });
  });

  it.each([['capabilities: {}'], ['capabilities: {in: [], tools: false, context: 0}'], ['']])(
    'nothing said is null: %s',
    async (keys) => {
      expect((await loadModel(model(keys))).capabilities).toBe(null);
    },
  );

  it('what does not exist is refused', async () => {
    expect(await errorsOf(model('capabilities: {in: [text, video], out: [smell], context: -1}'))).toEqual([
      'models.a.capabilities.in[1]: must be one of text, audio, image, not the text "video"',
      'models.a.capabilities.out[0]: must be one of text, audio, image, not the text "smell"',
      'models.a.capabilities.context: must be 0 or more, not -1',
    ]);
    expect(await errorsOf(model('capabilities: {context: "${nope}"}'))).toEqual([
      "models.a.capabilities.context: unknown macro '${nope}'",
    ]);
  });
});

describe('liveness', () => {
  it.each([
    ['off by default', '', '', null],
    ['inherited', 'liveness: {every: 30}', '', { everyMs: 30_000, timeoutMs: 10_000, stallMs: 0 }],
    ['switched off by the model', 'liveness: {every: 30}', 'liveness: {every: 0}', null],
    [
      'overridden key by key',
      'liveness: {every: 30, timeout: 5}',
      'liveness: {every: 0.5}',
      { everyMs: 500, timeoutMs: 5000, stallMs: 0 },
    ],
    ['off where there is nothing to ask', 'liveness: {every: 30}', 'checkEndpoint: none', null],
    ['a look at answers alone', 'liveness: {stall: 60}', '', { everyMs: 0, timeoutMs: 10_000, stallMs: 60_000 }],
    [
      'both, of which the model switches one off',
      'liveness: {every: 30, stall: 60}',
      'liveness: {stall: 0}',
      { everyMs: 30_000, timeoutMs: 10_000, stallMs: 0 },
    ],
    [
      'a look at answers where there is nothing to ask',
      'liveness: {every: 30}',
      'checkEndpoint: none\n    liveness: {stall: 0.5}',
      { everyMs: 0, timeoutMs: 10_000, stallMs: 500 },
    ],
  ])('R9: is %s', async (_, top, own, liveness) => {
    const text = `${top}\n${model(own)}`;
    expect((await loadModel(text)).liveness).toEqual(liveness);
    expect(await warningsOf(text)).toEqual([]);
  });

  it('without anything to ask gets a warning, and wrong values are refused', async () => {
    expect(await warningsOf(model('checkEndpoint: none\n    liveness: {every: 1}'))).toEqual([
      'models.a.liveness.every: has no effect: there is no checkEndpoint to ask; give a checkEndpoint',
    ]);
    expect(await errorsOf(model('liveness: {every: -1, timeout: 0, stall: -1}'))).toEqual([
      'models.a.liveness.every: must be 0 or more, not -1',
      'models.a.liveness.timeout: must be more than 0, not 0',
      'models.a.liveness.stall: must be 0 or more, not -1',
    ]);
  });
});

describe('compat.ignoreWebsockets', () => {
  it('is read, and forced for comfyui_auto only', async () => {
    const { config } = await load(
      'models: {a: {cmd: "x ${PORT}"}, b: {cmd: "x ${PORT}", compat: {ignoreWebsockets: true}}, comfyui_auto: {cmd: "x ${PORT}", compat: {ignoreWebsockets: false}}}',
    );
    expect([...config.models.values()].map(({ ignoresWebsockets }) => ignoresWebsockets)).toEqual([false, true, true]);
  });
});

describe('hooks.on_startup.preload', () => {
  const text = (names: string): string =>
    `macros: {m: a}\nmodels: {a: {cmd: "x \${PORT}", aliases: [al]}, b: {cmd: "x \${PORT}"}}\nselectors: {s: {strategy: pin, targets: [a]}}\npeers: {p: {proxy: "http://p", models: [far]}}\nhooks: {on_startup: {preload: ${names}}}`;

  it('holds ids, aliases and macros, each model once', async () => {
    const { config, warnings } = await load(text('[" b ", al, "${m}", b]'));
    expect(config.preload).toEqual(['b', 'a']);
    expect(warnings).toEqual([]);
  });

  it('D8: names that mean no model are left out, and said', async () => {
    const { config } = await load(text('["", nope, s, far, al1, b]'));
    expect(config.preload).toEqual(['b']);
    expect(await warningsOf(text('["", nope, s, far, al1, b]'))).toEqual([
      'hooks.on_startup.preload[0]: is empty and left out; take it out',
      'hooks.on_startup.preload[1]: there is no model "nope" to load here; name the id or an alias of a model',
      'hooks.on_startup.preload[2]: there is no model "s" to load here; did you mean a?',
      'hooks.on_startup.preload[3]: there is no model "far" to load here; name the id or an alias of a model',
      'hooks.on_startup.preload[4]: there is no model "al1" to load here; did you mean al?',
    ]);
  });
});

describe('where a model listens, when cmd does not use ${PORT}', () => {
  it.each([
    ['/app/sd-server --listen-port 9999', 9999],
    ['/app/sd-server --listen-port=9998', 9998],
    ['llama-server --port 9997', 9997],
  ])('is plain from %s', async (cmd, port) => {
    const { config, warnings } = await load({ models: { image: { cmd } } });
    expect(config.models.get('image')?.upstream).toMatchObject({ url: `http://localhost:${port}`, port });
    expect(warnings).toMatchObject([
      { path: 'models.image.proxy', hint: `write proxy: http://localhost:${port}, or use \${PORT} in cmd` },
    ]);
  });

  it('is asked for otherwise', async () => {
    expect(await errorsOf({ models: { a: { cmd: 'some-upstream-server' } } })).toEqual([
      'models.a.proxy: the gateway cannot know where the model listens: cmd does not use ${PORT}',
    ]);
  });
});
