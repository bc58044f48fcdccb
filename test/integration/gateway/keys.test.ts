import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { closeGateways, startGateway, startGatewayFromFile, textOf } from '../../kit/gateway.ts';
import { fixture } from '../../kit/processes.ts';
import { freePorts } from '../../kit/free-port.ts';
import { temporaryFolder } from '../../kit/temporary-folder.ts';

afterEach(closeGateways);

function as(key: string): RequestInit {
  return { headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' } };
}

async function codeOf(response: Response): Promise<string> {
  if (response.status === 200) return `200 ${await textOf(response)}`;
  const { error } = (await response.json()) as { error: { code: string } };
  return `${response.status} ${error.code}`;
}

test('X1: a key opens its models and no others; a reload counts at once, and what is under way goes on to count', async () => {
  const file = join(temporaryFolder(), 'config.yaml');
  const startPort = await freePorts(2);
  const model = (name: string): string =>
    `  ${name}: {cmd: "${fixture('healthy', { port: '${PORT}', name }).replaceAll('"', '\\"')}", proxy: "http://127.0.0.1:\${PORT}"}\n`;
  const write = (item: string): void =>
    writeFileSync(
      file,
      `startPort: ${startPort}\nmodels:\n${model('alpha')}${model('beta')}apiKeys:\n  - boss\n  - {key: sk-alice, name: alice, ${item}}\n`,
    );
  write('models: [alpha], concurrencyLimit: 1');
  const gateway = await startGatewayFromFile(file);
  const reload = async (key: string): Promise<number> =>
    (await fetch(`${gateway.url}/api/config/reload`, { method: 'POST', ...as(key) })).status;

  expect(await codeOf(await gateway.chat('alpha', {}, as('sk-alice')))).toContain('alpha');
  expect(await codeOf(await gateway.chat('beta', {}, as('sk-alice')))).toBe('403 model_not_allowed');
  expect(gateway.life().some((step) => step.startsWith('beta'))).toBe(false);
  expect(await reload('sk-alice')).toBe(403);

  const stream = await gateway.chat('alpha', { stream: true, chunks: 1_000, chunk_delay_ms: 20 }, as('sk-alice'));
  write('models: [alpha, beta], concurrencyLimit: 1');
  expect(await reload('boss')).toBe(200);
  expect(await codeOf(await gateway.chat('alpha', {}, as('sk-alice')))).toBe('429 concurrency_limit');
  await stream.body?.cancel();
  await expect
    .poll(async () => codeOf(await gateway.chat('beta', {}, as('sk-alice'))), { timeout: 10_000 })
    .toContain('beta');
});

test('X1: a key for one model of a peer: the peer never hears of the others', async () => {
  const far = await startGateway({ qwen: {}, secret: {} }, { apiKeys: ['far-key'] });
  const near = await startGateway(
    { own: {} },
    {
      apiKeys: [{ key: 'sk-guest', models: ['far/qwen'] }, 'boss'],
      peers: { far: { proxy: far.url, models: ['qwen', 'secret'], apiKey: 'far-key' } },
    },
  );
  expect(await codeOf(await near.chat('far/qwen', {}, as('sk-guest')))).toContain('qwen');
  const ways: [path: string, body: string, type?: string][] = [
    ['/v1/chat/completions', '{"model":"far/secret"}'],
    ['/v1/chat/completions', '{"model":"secret"}'],
    ['/v1/chat/completions', '{"model":"own"}'],
    // The peer takes a form for a form, and its query before its body.
    ['/v1/chat/completions?model=secret', '{"model":"qwen"}', 'application/x-www-form-urlencoded'],
    ['/upstream/far/qwen/v1/chat/completions', '{"model":"secret"}'],
    ['/upstream/qwen/upstream/secret/v1/chat/completions', '{}'],
    ['/upstream/far/qwen/api/models/load/secret', ''],
  ];
  for (const [path, body, type = 'application/json'] of ways) {
    const headers = { authorization: 'Bearer sk-guest', 'content-type': type };
    const response = await fetch(near.url + path, { method: 'POST', headers, body });
    expect([path, response.status >= 400 && response.status < 500]).toEqual([path, true]);
  }
  expect(far.life().some((step) => step.startsWith('secret'))).toBe(false);
  expect(near.life()).toEqual([]);
});
