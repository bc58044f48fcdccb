import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { explainStartFailure } from '../../../src/cli/start-failure.ts';
import { ConfigError } from '../../../src/config/problems.ts';

describe('start failure', () => {
  it('lists what is wrong with a configuration and ends with 78', () => {
    const place = { file: 'c.yaml', line: 3, column: 5 };
    const problem = { ...place, severity: 'error', path: 'models', message: 'is a list', hint: '' } as const;
    expect(explainStartFailure(new ConfigError([problem]), ':1')).toEqual({
      code: 78,
      message: 'c.yaml:3:5: error: models: is a list',
    });
  });

  it('says that an address is taken', async () => {
    const first = createServer().listen(0, '127.0.0.1');
    await once(first, 'listening');
    const second = createServer().listen((first.address() as AddressInfo).port, '127.0.0.1');
    const [error] = (await once(second, 'error')) as [Error];
    first.close();
    const { code, message } = explainStartFailure(error, '127.0.0.1:9');
    expect(code).toBe(1);
    expect(message).toMatch(/^llama-swap cannot listen on 127\.0\.0\.1:9: .*taken/);
  });

  it('shows any other error as it is', () => {
    expect(explainStartFailure(new Error('no'), ':1')).toEqual({ code: 1, message: 'llama-swap cannot start: no' });
  });
});
