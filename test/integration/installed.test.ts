import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '../kit/free-port.ts';
import { installInto } from '../kit/installed.ts';
import { assertNoProcessLeft } from '../kit/processes.ts';
import { runProgram } from '../kit/program.ts';
import { temporaryFolder } from '../kit/temporary-folder.ts';

/** What is true of the program as it is installed, and could be otherwise in the sources. */
const folder = temporaryFolder();
let launcher = '';

beforeAll(() => void (launcher = installInto(folder)), 120_000);
afterAll(() => assertNoProcessLeft());

test('says what it is', async () => {
  const program = runProgram(['--version'], { launcher, cwd: folder });
  const packageJson = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  expect(await program.ended).toBe(0);
  expect(program.stdout()).toContain((JSON.parse(packageJson) as { version: string }).version);
});

test('serves without any other package: both ways to an upstream, and the metrics', async () => {
  const server = join(launcher, '..', 'stand-in-server.js');
  const config = {
    startPort: await freePort(),
    models: { m: { cmd: `'${process.execPath}' '${server}' --name m --port \${PORT} --load-seconds 0` } },
  };
  const file = join(folder, 'config.yaml');
  writeFileSync(file, JSON.stringify(config));
  const args = ['serve', '--config', file, '--listen', '127.0.0.1:0', '--data-dir', join(folder, 'data')];
  const program = runProgram(args, { launcher });
  const url = await program.url();

  const chat = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'Hello!' }] }),
  });
  expect(await chat.json()).toMatchObject({ object: 'chat.completion', model: 'm' });

  const streamed = await fetch(`${url}/upstream/m/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: new Blob([JSON.stringify({ messages: [{ role: 'user', content: 'Hello!' }] })]).stream(),
    duplex: 'half',
  });
  expect(await streamed.json()).toMatchObject({ object: 'chat.completion' });

  const metrics = await fetch(`${url}/metrics`);
  expect(await metrics.text()).toMatch(/^\S+\{[^}]*model="m"[^}]*\} \d/m);
  expect(program.stderr()).toBe('');

  program.signal('SIGTERM');
  expect(await program.ended).toBe(0);
}, 60_000);

test('finds the same wrong with a configuration as the sources do', async () => {
  const file = join(folder, 'wrong.yaml');
  writeFileSync(
    file,
    'models:\n  a:\n    cmd: true --port ${PORT}\n    ttl: soon\n    env: x\n    filters: 7\n  b: {}\nlogLevel: loud\n',
  );
  const [built, sources] = [launcher, undefined].map((from) =>
    runProgram(['check', '--config', file], { ...(from !== undefined && { launcher: from }) }),
  );
  expect(await built!.ended).toBe(78);
  await sources!.ended;
  expect(built!.stdout()).toBe(sources!.stdout());
});

test('names everybody whose package is a part of it', () => {
  const text = readFileSync(join(launcher, '..', 'LICENSES.txt'), 'utf8');
  for (const name of ['express', 'http-proxy-middleware', 'js-yaml', 'tree-kill', 'winston', 'xstate']) {
    expect(text).toMatch(new RegExp(`^${name} \\d\\S* \\(MIT\\)$`, 'm'));
  }
});
