import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { closeGateways, startGateway, textOf } from '../../kit/gateway.ts';
import { isAlive } from '../../kit/processes.ts';
import { temporaryFolder } from '../../kit/temporary-folder.ts';

afterEach(closeGateways);

interface ErrorBody {
  src: string;
  error: {
    message: string;
    type: string;
    code: string;
    details?: { code: string; exit_code?: number; exitCode?: number; logTail?: string[]; log_tail?: string[] };
  };
}

test('a model that ends while starting: its waiters are told the exit code and its last words, without secrets', async () => {
  const gateway = await startGateway({
    broken: {
      fixture: 'crashing-early',
      options: { code: 3, 'api-key': 'sk-very-secret-value' },
      env: ['HF_TOKEN=hf_another_secret'],
    },
  });
  const [response, other] = await Promise.all([gateway.chat('broken'), gateway.chat('broken')]);
  expect([response.status, other.status]).toEqual([503, 503]);
  expect(Number(response.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  const text = await response.text();
  const { src, error } = JSON.parse(text) as ErrorBody;
  expect(src).toBe('llama-swap');
  expect(error).toMatchObject({ code: 'model_start_failed', type: 'server_error', details: { code: 'exited_early' } });
  expect(error.message).toContain('exited with code 3');
  expect(text).not.toContain('sk-very-secret-value');
  expect(text).not.toContain('hf_another_secret');
  expect(text).not.toContain('crashing-early.mjs');
});

test('S6: a broken model is not started again by every request that comes', async () => {
  const gateway = await startGateway({ broken: { fixture: 'crashing-early' } });
  const codes: string[] = [];
  for (let request = 0; request < 10; request++) {
    const response = await gateway.chat('broken');
    expect(response.headers.get('retry-after')).not.toBeNull();
    codes.push(((await response.json()) as ErrorBody).error.code);
  }
  expect(codes[0]).toBe('model_start_failed');
  expect(codes).toContain('model_cooling_down');
  const starts = gateway.life().filter((each) => each === 'broken starting').length;
  expect(starts).toBeLessThan(10);
});

test('after the cause is mended, a load by hand does not wait for the cool-down', async () => {
  const gateway = await startGateway({ broken: { fixture: 'crashing-early' } });
  await (await gateway.chat('broken')).arrayBuffer();
  const response = await fetch(`${gateway.url}/api/models/load/broken`, { method: 'POST' });
  expect(((await response.json()) as ErrorBody).error.code).toBe('model_start_failed');
  expect(gateway.life().filter((each) => each === 'broken starting')).toHaveLength(2);
});

test('a crash of one model is nobody else’s: the next request brings it back', async () => {
  const gateway = await startGateway({ alpha: {}, beta: {} });
  await gateway.ready('alpha');
  // A body that is streamed through can be sent only once, so this request is not tried again.
  const crashed = await fetch(`${gateway.url}/upstream/alpha/crash`, { method: 'POST', body: 'x' });
  expect(crashed.status).toBe(502);
  expect(((await crashed.json()) as ErrorBody).error.code).toMatch(/^upstream_/);
  await gateway.reaches('alpha', 'stopped');
  expect(await textOf(await gateway.chat('beta'))).toContain('beta');
  expect(await textOf(await gateway.chat('alpha'))).toContain('alpha');
});

test('R4: a stream whose upstream dies does not end as if it were whole', async () => {
  const gateway = await startGateway({ alpha: {} });
  const response = await fetch(`${gateway.url}/upstream/alpha/crash-mid-stream`);
  expect(response.status).toBe(200);
  await expect(response.text()).rejects.toThrow(/terminated|aborted/);
});

test('L2: a hung model is stopped by its unloadTimeout, however patient its health check is', async () => {
  const gateway = await startGateway({
    deaf: { fixture: 'deaf-to-sigterm', unloadTimeout: 0.5, healthCheckTimeout: 300 },
    beta: {},
  });
  await gateway.ready('deaf');
  // With the 300 s of the health check this test would run into its own timeout.
  expect(await textOf(await gateway.chat('beta'))).toContain('beta');
});

test('R8: a health endpoint that never answers does not hang the start', async () => {
  const gateway = await startGateway({ hanging: { fixture: 'hanging-health', healthCheckTimeout: 1 }, beta: {} });
  const response = await gateway.chat('hanging');
  expect(response.status).toBe(503);
  expect(((await response.json()) as ErrorBody).error.details?.code).toBe('health_timeout');
  expect(await textOf(await gateway.chat('beta'))).toContain('beta');
});

test('R14: a check endpoint that cannot be asked for is refused when the file is read, not when the model starts', async () => {
  await expect(startGateway({ alpha: { checkEndpoint: '/%zz' } })).rejects.toThrow(/checkEndpoint/);
});

test('R6: a request that is called off while it waits is never answered with an empty 200', async () => {
  const gateway = await startGateway({ alpha: { options: { 'load-ms': 500 } } });
  const waiting = gateway.chat('alpha');
  await gateway.reaches('alpha', 'health-checking');
  await fetch(`${gateway.url}/unload`);
  const response = await waiting;
  expect(response.status).toBe(503);
  expect(((await response.json()) as ErrorBody).error.code).toBe('model_unloaded');
});

test('R17: a descendant that holds the pipes does not keep a dead model ready', async () => {
  const pidFile = join(temporaryFolder(), 'pid');
  const gateway = await startGateway({
    holder: { fixture: 'holds-pipes', options: { 'pid-file': pidFile } },
    beta: {},
  });
  await gateway.ready('holder');
  const descendant = Number(readFileSync(pidFile, 'utf8'));
  expect(await textOf(await gateway.chat('beta'))).toContain('beta');
  expect(isAlive(descendant), 'it held the pipes all the while').toBe(true);
  process.kill(descendant, 'SIGKILL');
});
