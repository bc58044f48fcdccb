import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { announcement } from '../../../src/cli/announcement.ts';
import type { ModelConfig } from '../../../src/config/types.ts';

function announced(models: { id: string; unlisted?: boolean }[], options: { listen?: string; demo?: boolean } = {}) {
  const entries = models.map((model) => [model.id, { unlisted: false, ...model } as ModelConfig] as const);
  return announcement({
    url: 'http://127.0.0.1:8080',
    listen: options.listen ?? '127.0.0.1:8080',
    config: { models: new Map(entries) },
    demo: options.demo ?? false,
  });
}

describe('announcement', () => {
  it('names the address first', () => {
    expect(announced([{ id: 'a' }]).split('\n')[0]).toBe('llama-swap listens on http://127.0.0.1:8080');
  });

  it.skipIf(process.platform === 'win32')('shows a curl line that a shell takes as it stands', () => {
    const line = announced([{ id: `it's "q" $HOME` }])
      .split('\n')
      .find((text) => text.includes('curl '));
    const script = `curl() { printf '%s\\n' "$@"; }\n${line}`;
    const [url, flag, body] = execFileSync('sh', ['-c', script], { encoding: 'utf8' }).split('\n');
    expect([url, flag]).toEqual(['http://127.0.0.1:8080/v1/chat/completions', '-d']);
    expect(JSON.parse(body ?? '')).toMatchObject({ model: `it's "q" $HOME` });
  });

  it('tries the first model that is listed', () => {
    expect(announced([{ id: 'hidden', unlisted: true }, { id: 'shown' }])).toContain('"model":"shown"');
    expect(announced([{ id: 'hidden', unlisted: true }])).toContain('"model":"hidden"');
    expect(announced([])).not.toContain('curl');
  });

  it('says that the models of the demo are stand-ins', () => {
    expect(announced([{ id: 'a' }], { demo: true })).toContain('stand-ins');
    expect(announced([{ id: 'a' }])).not.toContain('stand-ins');
  });

  it.each([
    [':8080', true],
    ['0.0.0.0:8080', true],
    ['192.168.1.5:80', true],
    ['127.0.0.1:0', false],
    ['[::1]:1', false],
    ['localhost:1', false],
  ])('at %s says that others may reach it: %s', (listen, said) => {
    expect(announced([], { listen }).includes('Other machines')).toBe(said);
  });

  it('says how to keep others out without changing the port', () => {
    expect(announced([], { listen: ':8443' })).toContain('--listen 127.0.0.1:8443 ');
  });
});
