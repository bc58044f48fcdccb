import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { afterEach, expect, test } from 'vitest';
import { closeGateways, startGateway, startGatewayFromFile, type TestGateway, textOf } from '../../kit/gateway.ts';
import { fixture } from '../../kit/processes.ts';
import { freePorts } from '../../kit/free-port.ts';
import { temporaryFolder } from '../../kit/temporary-folder.ts';

afterEach(closeGateways);

/** For `expect.poll`: a second is short on a machine that others use too. */
const SOON = { timeout: 10_000, interval: 10 };

/** Two models that may run together, as YAML; `extra` is added to beta. */
function yaml(startPort: number, extra = ''): string {
  const model = (name: string) => `  ${name}:
    cmd: ${fixture('healthy', { port: '${PORT}', name })}
    proxy: http://127.0.0.1:\${PORT}
`;
  return `startPort: ${startPort}
groups:
  together: { swap: false, members: [alpha, beta] }
models:
${model('alpha')}${model('beta')}${extra}`;
}

test('R10: fifty streams go on undisturbed while a reload changes another model', async () => {
  const file = join(temporaryFolder(), 'config.yaml');
  const startPort = await freePorts(4);
  writeFileSync(file, yaml(startPort));
  const gateway = await startGatewayFromFile(file);
  await gateway.ready('beta');
  const streams = await Promise.all(
    Array.from({ length: 50 }, () => gateway.chat('alpha', { stream: true, chunks: 40, chunk_delay_ms: 20 })),
  );
  writeFileSync(file, yaml(startPort, '    env: [ANSWER=42]\n'));
  const answer = await fetch(`${gateway.url}/api/config/reload`, { method: 'POST' });
  expect(await answer.json()).toMatchObject({ msg: 'ok', changed: ['beta'] });
  const texts = await Promise.all(streams.map((stream) => stream.text()));
  for (const text of texts) {
    expect(text.match(/^data: \{/gm)).toHaveLength(40);
    expect(text.trimEnd().endsWith('data: [DONE]')).toBe(true);
  }
  expect(gateway.life()).toContain('beta stopped');
  expect(gateway.life()).not.toContain('alpha stopping');
  expect(await textOf(await gateway.chat('beta'))).toContain('beta');
});

test('a changed model finishes its request before it is started anew', async () => {
  const gateway = await startGateway({ alpha: {} });
  const stream = await gateway.chat('alpha', { stream: true, chunks: 20, chunk_delay_ms: 20 });
  const { port } = gateway.config.models.get('alpha')!.upstream;
  const cmd = fixture('healthy', { port: '${PORT}', name: 'renewed' });
  const result = await gateway.reload({
    startPort: port,
    models: { alpha: { cmd, proxy: 'http://127.0.0.1:${PORT}' } },
  });
  expect(result).toMatchObject({ ok: true, changed: ['alpha'] });
  const next = gateway.chat('alpha');
  expect((await stream.text()).match(/^data: \{/gm)).toHaveLength(20);
  expect(await textOf(await next)).toContain('renewed');
});

test('what does not concern the process does not restart it', async () => {
  const gateway = await startGateway({ alpha: {} });
  await gateway.ready('alpha');
  const { port } = gateway.config.models.get('alpha')!.upstream;
  const alpha = { cmd: fixture('healthy', { port: '${PORT}', name: 'alpha' }), proxy: 'http://127.0.0.1:${PORT}' };
  const models = { alpha: { ...alpha, ttl: 600, aliases: ['first'], name: 'The first' }, aaa: alpha };
  expect(await gateway.reload({ startPort: port, models })).toMatchObject({ ok: true, changed: [] });
  expect(await textOf(await gateway.chat('first'))).toContain('alpha');
  expect(gateway.life().filter((each) => each === 'alpha starting')).toHaveLength(1);
  // A model that is new and sorts before the others takes a port of its own.
  expect(gateway.config.models.get('aaa')!.upstream.port).not.toBe(port);
});

test('a file with errors changes nothing, and the answer says where and why', async () => {
  const file = join(temporaryFolder(), 'config.yaml');
  const startPort = await freePorts(4);
  writeFileSync(file, yaml(startPort));
  const gateway = await startGatewayFromFile(file);
  await gateway.ready('alpha');
  writeFileSync(file, yaml(startPort, '    ttl: soon\n'));
  const answer = await fetch(`${gateway.url}/api/config/reload`, { method: 'POST' });
  expect(answer.status).toBe(422);
  const { error } = (await answer.json()) as { error: { code: string; message: string } };
  expect(error.code).toBe('invalid_config');
  expect(error.message).toMatch(/config\.yaml:\d+:\d+: error: models\.beta\.ttl/);
  expect(await textOf(await gateway.chat('alpha'))).toContain('alpha');
  expect(gateway.life()).not.toContain('alpha stopping');
});

test('a model that is gone from the file answers 404, and its process ends', async () => {
  const gateway = await startGateway({ alpha: {}, beta: {} });
  await gateway.ready('alpha');
  const { port } = gateway.config.models.get('alpha')!.upstream;
  const cmd = fixture('healthy', { port: '${PORT}', name: 'beta' });
  await gateway.reload({ startPort: port + 10, models: { beta: { cmd, proxy: 'http://127.0.0.1:${PORT}' } } });
  expect((await gateway.chat('alpha')).status).toBe(404);
  await gateway.reaches('alpha', 'stopped');
  expect(await textOf(await gateway.chat('beta'))).toContain('beta');
});

test('a request whose model goes while its body arrives is refused, and costs nobody else a model', async () => {
  const gateway = await startGateway({ alpha: {}, beta: {} });
  await gateway.ready('alpha');
  const body = JSON.stringify({ model: 'beta', messages: [] });
  const headers = { expect: '100-continue', 'content-type': 'application/json', 'content-length': body.length };
  const late = request(`${gateway.url}/v1/chat/completions`, { method: 'POST', headers });
  late.flushHeaders();
  await once(late, 'continue');
  expect(await gateway.reload(sameModel(gateway))).toMatchObject({ ok: true });
  late.end(body);
  const [answer] = (await once(late, 'response')) as [IncomingMessage];
  expect(answer.statusCode).toBe(503);
  expect(await json(answer)).toMatchObject({ error: { code: 'model_unloaded' } });
  expect(gateway.life()).not.toContain('alpha stopping');
  expect(await textOf(await gateway.chat('alpha'))).toContain('alpha');
});

test('a mended health endpoint and another stop command count at once, for a model that is there as well', async () => {
  const said = join(temporaryFolder(), 'said');
  const gateway = await startGateway({ alpha: { checkEndpoint: '/wrong' } });
  const ready = gateway.ready('alpha');
  await gateway.reaches('alpha', 'health-checking');
  const base = sameModel(gateway);
  expect(await gateway.reload(base)).toMatchObject({ ok: true, changed: [] });
  // Nobody would wait the two minutes that a start may take.
  await ready;
  const { models } = base as { models: { alpha: object } };
  const cmdStop = `sh -c 'echo stopped > ${said}; kill \${PID}'`;
  await gateway.reload({ ...base, models: { alpha: { ...models.alpha, cmdStop } } });
  await fetch(`${gateway.url}/unload`);
  expect(readFileSync(said, 'utf8')).toBe('stopped\n');
  expect(gateway.life().filter((step) => step === 'alpha starting')).toHaveLength(1);
});

/** The model of a gateway as it was started, for a reload that changes something else. */
function sameModel(gateway: TestGateway): object {
  const { port } = gateway.config.models.get('alpha')!.upstream;
  const alpha = { cmd: fixture('healthy', { port: '${PORT}', name: 'alpha' }), proxy: 'http://127.0.0.1:${PORT}' };
  return { startPort: port, models: { alpha } };
}

test('D9: whether and how often the machine is watched changes with the file', async () => {
  const gateway = await startGateway({ alpha: {} }, { performance: { disabled: true } });
  const performance = async () => {
    const response = await fetch(`${gateway.url}/api/performance`);
    return { status: response.status, ...((await response.json()) as { enabled: boolean; sys_stats?: unknown[] }) };
  };
  expect(await performance()).toEqual({ status: 503, enabled: false });
  const base = sameModel(gateway);
  await Promise.all([gateway.reload({ ...base, performance: { every: '7s' } }), gateway.reload(base)]);
  await expect.poll(performance, SOON).toMatchObject({ status: 200, sys_stats: [{}] });
  await gateway.reload({ ...base, performance: { every: '6s' } });
  expect(await performance()).toMatchObject({ status: 200, enabled: true });
  await gateway.reload({ ...base, performance: { disabled: true } });
  expect(await performance()).toEqual({ status: 503, enabled: false });
});

test('whether requests are captured changes with the file', async () => {
  const gateway = await startGateway({ alpha: {} }, { captureBuffer: 0 });
  const last = async (count: number) => {
    const read = async () => {
      const { data, total } = (await (await fetch(`${gateway.url}/api/metrics/activity`)).json()) as Page;
      return { total, entry: data[0] };
    };
    await expect.poll(async () => (await read()).total, SOON).toBe(count);
    return (await read()).entry;
  };
  await textOf(await gateway.chat('alpha'));
  expect(await last(1)).toMatchObject({ has_capture: false });
  await gateway.reload({ ...sameModel(gateway), captureBuffer: 5 });
  await textOf(await gateway.chat('alpha'));
  expect(await last(2)).toMatchObject({ has_capture: true });
  const capture = (await (await fetch(`${gateway.url}/api/captures/2`)).json()) as { resp_body: string };
  expect(Buffer.from(capture.resp_body, 'base64').toString()).toContain('Hello from model alpha.');
  await gateway.reload({ ...sameModel(gateway), captureBuffer: 0 });
  await textOf(await gateway.chat('alpha'));
  expect(await last(3)).toMatchObject({ has_capture: false });
});

interface Page {
  readonly total: number;
  readonly data: readonly { readonly has_capture: boolean }[];
}
