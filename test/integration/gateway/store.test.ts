import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { freePorts } from '../../kit/free-port.ts';
import { closeGateways, startGatewayFromFile, type TestGateway } from '../../kit/gateway.ts';
import { fixture } from '../../kit/processes.ts';
import { temporaryFolder } from '../../kit/temporary-folder.ts';

afterEach(closeGateways);

interface Entry {
  readonly id: number;
  readonly has_capture: boolean;
}

/** A folder with a configuration of one model, and what is needed to change it. */
async function configured(store: string): Promise<{ folder: string; file: string; write: (store: string) => void }> {
  const folder = temporaryFolder();
  const file = join(folder, 'config.yaml');
  const startPort = await freePorts(1);
  const write = (text: string): void =>
    writeFileSync(
      file,
      `startPort: ${startPort}
models:
  alpha:
    cmd: ${fixture('healthy', { port: '${PORT}', name: 'alpha' })}
    proxy: http://127.0.0.1:\${PORT}
${text.replaceAll('FOLDER', folder)}
`,
    );
  write(store);
  return { folder, file, write };
}

async function ask(gateway: TestGateway, text: string): Promise<void> {
  const response = await gateway.chat('alpha', { metadata: { text } });
  expect(response.status).toBe(200);
  await response.text();
}

async function read<T>(gateway: TestGateway, path: string): Promise<T> {
  const response = await fetch(gateway.url + path);
  expect(response.status).toBe(200);
  return (await response.json()) as T;
}

/** Each entry with what was asked, as its capture tells it: `1 hello`. */
async function entriesOf(gateway: TestGateway): Promise<string[]> {
  const { data } = await read<{ data: Entry[] }>(gateway, '/api/metrics/activity?order=asc');
  return Promise.all(
    data.map(async ({ id, has_capture: hasCapture }) => {
      if (!hasCapture) return `${id} without a capture`;
      const capture = await read<{ req_body: string | null }>(gateway, `/api/captures/${id}`);
      if (capture.req_body === null) return `${id} without a body`;
      const body = JSON.parse(Buffer.from(capture.req_body, 'base64').toString()) as { metadata: { text: string } };
      return `${id} ${body.metadata.text}`;
    }),
  );
}

test('D3: entries and captures are there after a restart, when store.path is set', async () => {
  const { file, folder } = await configured('store: { path: FOLDER/activity.db }');
  const first = await startGatewayFromFile(file);
  await ask(first, 'before');
  await ask(first, 'x'.repeat(50_000));
  await first.close();
  expect(readFileSync(join(folder, 'activity.db')).includes('who are you?')).toBe(true);
  const second = await startGatewayFromFile(file);
  await ask(second, 'after');
  expect(await entriesOf(second)).toEqual(['1 before', `2 ${'x'.repeat(50_000)}`, '3 after']);
});

test('D3: a reload that changes store.path takes effect at once, and loses nothing', async () => {
  const { file, write } = await configured('store: { path: FOLDER/a.db }');
  const gateway = await startGatewayFromFile(file);
  await ask(gateway, 'one');
  // Is still under way when the store changes, so that its entry belongs to the new one.
  const stream = await gateway.chat('alpha', {
    stream: true,
    chunks: 1_000_000,
    chunk_delay_ms: 5,
    metadata: { text: 'two' },
  });
  const reader = stream.body!.getReader();
  await reader.read();
  write('store: { path: FOLDER/b.db }');
  expect(await (await fetch(`${gateway.url}/api/config/reload`, { method: 'POST' })).json()).toMatchObject({
    msg: 'ok',
    changed: [],
  });
  expect((await reader.read()).done).toBe(false);
  await reader.cancel();
  await expect.poll(() => entriesOf(gateway)).toEqual(['2 two']);
  await ask(gateway, 'three');
  expect(await entriesOf(gateway)).toEqual(['2 two', '3 three']);

  write('');
  expect(await gateway.reload()).toMatchObject({ ok: true });
  expect(await entriesOf(gateway)).toEqual([]);
  await ask(gateway, 'four');
  expect(await entriesOf(gateway)).toEqual(['4 four']);

  write('store: { path: FOLDER/a.db }');
  expect(await gateway.reload()).toMatchObject({ ok: true });
  expect(await entriesOf(gateway)).toEqual(['1 one']);
});

test('D3: a store.path that cannot be used changes nothing at a reload, and the answer says why', async () => {
  const { file, folder, write } = await configured('store: { path: FOLDER/a.db }');
  const gateway = await startGatewayFromFile(file);
  await ask(gateway, 'one');
  writeFileSync(join(folder, 'notes.txt'), 'not a database\n'.repeat(100));
  write('    aliases: [other]\nstore:\n  path: FOLDER/notes.txt');
  const answer = await fetch(`${gateway.url}/api/config/reload`, { method: 'POST' });
  expect(answer.status).toBe(422);
  const { error } = (await answer.json()) as { error: { code: string; message: string } };
  expect(error.code).toBe('invalid_config');
  expect(error.message).toMatch(/config\.yaml:8:3: error: store\.path: cannot be used \(file is not a database\); /);
  expect((await gateway.chat('other')).status).toBe(404);
  write('store: { path: FOLDER/missing/b.db }');
  expect(await gateway.reload()).toMatchObject({
    ok: false,
    problems: [{ path: 'store.path', line: 6, message: 'lies in a directory that cannot be written to' }],
  });
  await ask(gateway, 'two');
  expect(await entriesOf(gateway)).toEqual(['1 one', '2 without a body', '3 two']);
  expect(readFileSync(join(folder, 'notes.txt'), 'utf8')).toBe('not a database\n'.repeat(100));
});

test('D3: a store.path that cannot be used is an error of the configuration at the start, too', async () => {
  const { file, folder } = await configured('store: { path: FOLDER/notes.txt }');
  writeFileSync(join(folder, 'notes.txt'), 'not a database\n'.repeat(100));
  await expect(startGatewayFromFile(file)).rejects.toThrow(/config\.yaml:6:10: error: store\.path: cannot be used/);
});
