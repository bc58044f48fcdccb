import { afterEach, describe, expect, it } from 'vitest';
import { closeGateways, startGateway } from '../../kit/gateway.ts';

afterEach(closeGateways);

interface StartFailure {
  readonly error: {
    readonly code: string;
    readonly details: { readonly code: string; readonly exitCode?: number; readonly logTail?: readonly string[] };
  };
}

/** A model server that dies of every request but that for its health. */
const TOUCHY = `${process.execPath} -e "require('http').createServer((q, r) => q.url === '/health' ? r.end('ok') : process.exit(9)).listen(\${PORT}, '127.0.0.1', () => console.log('up'))"`;

describe('D1: why a model did not start is no riddle', () => {
  it('D1: the client gets the exit code and the last lines of the model server, without secrets', async () => {
    const gateway = await startGateway({
      alpha: { fixture: 'crashing-early', options: { code: 5, 'api-key': 'sk-very-secret' } },
    });
    const response = await gateway.chat('alpha');
    const text = await response.text();
    expect(response.status).toBe(503);
    const { error } = JSON.parse(text) as StartFailure;
    expect(error).toMatchObject({ code: 'model_start_failed', details: { exitCode: 5 } });
    expect(error.details.logTail?.slice(-2)).toEqual(['out of memory', 'giving up']);
    expect(text).not.toContain('sk-very-secret');
  });

  it('D1: a program that is not there is named, its arguments are not', async () => {
    const gateway = await startGateway({
      alpha: { cmd: 'no-such-server --api-key sk-very-secret --port ${PORT}' },
    });
    const text = await (await gateway.chat('alpha')).text();
    expect(text).toContain('no-such-server');
    expect(text).not.toContain('sk-very-secret');
    expect(text).not.toContain('--port');
  });
});

describe('D7: loading a model is a call of its own', () => {
  it('D7: it asks the model for its health and nothing else', async () => {
    const gateway = await startGateway({ alpha: { cmd: TOUCHY } });
    const response = await fetch(`${gateway.url}/api/models/load/alpha`, { method: 'POST' });
    expect([response.status, await response.json()]).toEqual([200, { msg: 'ok' }]);
    expect(gateway.life().at(-1)).toBe('alpha ready');
  });

  it('D7: and so does the preload', async () => {
    const gateway = await startGateway(
      { alpha: { cmd: TOUCHY }, beta: {} },
      { hooks: { on_startup: { preload: ['alpha', 'beta'] } } },
    );
    await gateway.reaches('beta', 'ready');
    expect(gateway.life()).toEqual([
      'alpha starting',
      'alpha health-checking',
      'alpha ready',
      'alpha stopping',
      'alpha stopped',
      'beta starting',
      'beta health-checking',
      'beta ready',
    ]);
  });

  it('D7: a model that cannot be loaded is an error that says why', async () => {
    const gateway = await startGateway({ alpha: { fixture: 'crashing-early', options: { code: 5 } } });
    const response = await fetch(`${gateway.url}/api/models/load/alpha`, { method: 'POST' });
    expect(response.status).toBe(503);
    const { error } = (await response.json()) as StartFailure;
    expect(error.details.exitCode).toBe(5);
  });
});
