import { describe, expect, it } from 'vitest';
import { errorsOf, load, problemsOf } from './load-text.ts';

const keysOf = async (text: string, env = {}): Promise<readonly string[]> =>
  (await load(text, { env })).config.auth.keys.map(({ key }) => key);

describe('apiKeys', () => {
  it('are read, each once; none is nobody asked', async () => {
    expect(await keysOf('apiKeys: [one, "two\\t", one]')).toEqual(['one', 'two\t']);
    expect(await keysOf('apiKeys: []')).toEqual([]);
    expect(await keysOf('apiKeys:')).toEqual([]);
  });

  it.each([
    ['empty', '[""]', 0, 'is empty'],
    ['blank', '[" "]', 0, 'holds a space'],
    ['a space before', '[" k"]', 0, 'holds a space'],
    ['a space after', '["k "]', 0, 'holds a space'],
    ['a space within', '["k k"]', 0, 'holds a space'],
    ['the second one', '[k, "l l"]', 1, 'holds a space'],
    ['an empty one among valid ones', '[k, "", l]', 1, 'is empty'],
  ])('%s is refused, with its place in the list', async (_, keys, index, message) => {
    expect(await errorsOf(`apiKeys: ${keys}`)).toEqual([`apiKeys[${index}]: ${message}`]);
  });

  it('may come from the environment, one or more to an item', async () => {
    expect(await keysOf('apiKeys: ["${env.A}", "${env.A}-${env.B}"]', { A: 'a', B: 'b' })).toEqual(['a', 'a-b']);
    expect(await keysOf('apiKeys: [${env.A}]', { A: 'flow' })).toEqual(['flow']);
    expect(await errorsOf('apiKeys: ["${env.A}"]', { env: {} })).toEqual([
      'apiKeys[0]: the environment variable A is not set',
    ]);
  });

  it.each([['- ${env.EMPTY}'], ['- "${env.EMPTY}"'], ['- ~'], ['- k\n  -']])(
    'an empty item does not quietly open the gateway: %s',
    async (item) => {
      const problems = await problemsOf(`apiKeys:\n  ${item}\n`, { env: { EMPTY: '' } });
      expect(problems.filter(({ severity }) => severity === 'error')).toMatchObject([{ message: 'is empty' }]);
    },
  );

  it('an empty value in place of the list does not either', async () => {
    expect(await errorsOf('apiKeys: ${env.EMPTY}', { env: { EMPTY: '' } })).toEqual([
      'apiKeys: must be a list, and is empty',
    ]);
    expect(await errorsOf('apiKeys: k1')).toEqual(['apiKeys: must be a list, not the text "k1"']);
  });

  it('unknown macros are reported by item', async () => {
    expect(await errorsOf('apiKeys: [k, "${x}"]')).toEqual(["apiKeys[1]: unknown macro '${x}'"]);
  });

  it('no key is ever shown', async () => {
    const problems = await problemsOf('apiKeys: ["${env.KEY}"]', { env: { KEY: 'sec ret' } });
    expect(problems).toHaveLength(2);
    expect(JSON.stringify(problems)).not.toContain('sec ret');
  });
});

describe('server.cors.origins', () => {
  it('X5: are origins, or all of them', async () => {
    const { config } = await load('server: {cors: {origins: ["https://chat.example:8443", "*"]}}');
    expect(config.cors.origins).toEqual(['https://chat.example:8443', '*']);
    expect((await load('')).config.cors.origins).toEqual([]);
  });

  it.each([['chat.example'], ['https://chat.example/'], ['https://Chat.example'], ['']])(
    '"%s" is none',
    async (origin) => {
      expect(await errorsOf({ server: { cors: { origins: ['*', origin] } } })).toEqual([
        'server.cors.origins[1]: is no origin',
      ]);
    },
  );
});
