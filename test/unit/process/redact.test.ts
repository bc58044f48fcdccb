import { describe, expect, it } from 'vitest';
import { createRedactor } from '../../../src/process/redact.ts';
import { isSecretName } from '../../../src/secrets.ts';

describe('redacting output', () => {
  const redact = createRedactor({
    argv: [
      'llama-server',
      '--api-key',
      'first-key,second-key',
      '--hf-token=abc-def',
      '--max-tokens',
      '4096',
      '-m',
      'x',
    ],
    env: {
      OPENAI_API_KEY: 'from-the-env',
      DB_PASSWORD: 'pass\nword-two',
      TOKENIZERS_PARALLELISM: 'false',
      HF_TOKEN: 'true',
      HOME: '/home/somebody',
      EMPTY_SECRET: '',
      UNSET_KEY: undefined,
    },
  });

  it.each([
    ['plain lines stay', 'llama_model_loader: loaded 4096 tensors from /home/somebody/x.gguf (false)'],
    ['errors about options stay', 'error: unknown argument: --flash'],
  ])('%s', (_, line) => {
    expect(redact(line)).toBe(line);
  });

  it.each([
    ['a value of the environment', 'key is from-the-env.', 'key is [redacted].'],
    ['each line of a value', 'word-two', '[redacted]'],
    ['each key of a list', 'got second-key and first-key', 'got [redacted] and [redacted]'],
    ['a value after =', 'using abc-def', 'using [redacted]'],
    ['a bearer token', 'Authorization: Bearer abc.def-ghi', 'Authorization: Bearer [redacted]'],
    ['a key by its shape', 'used sk-proj-0123456789abc today', 'used [redacted] today'],
    ['a web token', 'jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIx.sig-nature', 'jwt [redacted]'],
    ['a password in a URL', 'fetching https://me:hunter22@host/x', 'fetching https://me:[redacted]@host/x'],
    ['an assignment', '{"api_key": "whatever1"}', '{"api_key": "[redacted]"}'],
  ])('hides %s', (_, line, expected) => {
    expect(redact(line)).toBe(expected);
  });

  it('hides a line that repeats the command', () => {
    const line = 'exec: llama-server --api-key first-key,second-key --hf-token=abc-def --max-tokens 4096 -m x';
    expect(redact(line)).toBe('[the command line]');
    expect(redact('llama-server -m x')).toBe('llama-server -m x');
  });

  it('hides the secrets of a command within the command', () => {
    const shell = createRedactor({
      argv: ['sh', '-c', "TOKEN='abc-def' exec serve --api-key sesame --port 1"],
      env: {},
    });
    expect(shell('key sesame, token abc-def, port 1')).toBe('key [redacted], token [redacted], port 1');
  });

  it('tells a single argument from a word only beside the program', () => {
    const short = createRedactor({ argv: ['/usr/bin/serve', 'alpha'], env: {} });
    expect(short('running /usr/bin/serve alpha')).toBe('[the command line]');
    expect(short('loading alpha')).toBe('loading alpha');
    const terse = createRedactor({ argv: ['serve', '-m', 'x'], env: {} });
    expect(terse('option -m wants an index')).toBe('option -m wants an index');
    expect(terse('$ serve -m x')).toBe('[the command line]');
  });

  it('cuts a long line after hiding, so that no half of a secret stays', () => {
    const line = `${'x'.repeat(495)}from-the-env`;
    expect(redact(line)).toBe(`${'x'.repeat(495)}[reda…`);
  });

  it.each([
    'API_KEY',
    '--api-key',
    'HF_TOKEN',
    'dbPassword',
    'MYAPIKEY',
    'aws.secret',
    'GOOGLE_CREDENTIALS',
    'API_KEY2',
  ])('%s announces a secret', (name) => {
    expect(isSecretName(name)).toBe(true);
  });

  it.each(['PWD', 'TOKENIZERS_PARALLELISM', 'KEYBOARD', '--model', 'AUTHOR'])('%s does not', (name) => {
    expect(isSecretName(name)).toBe(false);
  });
});
