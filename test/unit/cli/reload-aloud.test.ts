import { describe, expect, it } from 'vitest';
import { reloadAloud } from '../../../src/cli/reload-aloud.ts';
import type { ReloadResult } from '../../../src/reload.ts';

const ERROR = {
  severity: 'error',
  file: 'c.yaml',
  line: 3,
  column: 5,
  path: 'models',
  message: 'is a list',
  hint: '',
} as const;

async function told(...results: (ReloadResult | Error)[]): Promise<string[]> {
  const said: string[] = [];
  const left = [...results];
  const reload = async (): Promise<ReloadResult> => {
    const result = left.shift();
    if (result instanceof Error || result === undefined) throw result ?? new Error('asked once too often');
    return result;
  };
  const aloud = reloadAloud({ reload }, (message) => void said.push(message));
  for (const _ of results) await aloud('SIGHUP');
  return said;
}

describe('a reload', () => {
  it('that cannot be used is told with the place of every problem, and that nothing has changed', async () => {
    expect(await told({ ok: false, changed: [], problems: [ERROR] })).toEqual([
      'c.yaml:3:5: error: models: is a list',
      'SIGHUP: the configuration cannot be used, so nothing has changed.',
    ]);
  });

  it('with warnings tells them; without says nothing', async () => {
    expect(await told({ ok: true, changed: [], problems: [{ ...ERROR, severity: 'warning' }] })).toEqual([
      'c.yaml:3:5: warning: models: is a list',
    ]);
    expect(await told({ ok: true, changed: [], problems: [] })).toEqual([]);
  });

  it('that has answered several requests is told once', async () => {
    const result = { ok: false, changed: [], problems: [ERROR] };
    expect(await told(result, result)).toHaveLength(2);
    expect(await told(result, { ...result })).toHaveLength(4);
  });

  it('that fails for another reason is told, and the next one is possible', async () => {
    const result = { ok: true, changed: [], problems: [] };
    expect(await told(new Error('too many open files'), result)).toEqual([
      'SIGHUP: the configuration could not be read again: too many open files',
    ]);
  });
});
