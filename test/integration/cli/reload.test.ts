import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { freePorts } from '../../kit/free-port.ts';
import { assertNoProcessLeft, fixture } from '../../kit/processes.ts';
import { runProgram } from '../../kit/program.ts';
import type { Program } from '../../kit/program.ts';
import { temporaryFolder } from '../../kit/temporary-folder.ts';

const folder = temporaryFolder();
const file = join(folder, 'config.yaml');

// Away from the ports of gateways in other tests.
const startPort = await freePorts(3);

let running: Program[] = [];
afterEach(async () => {
  for (const program of running) program.signal('SIGKILL');
  await Promise.all(running.map(({ ended }) => ended));
  running = [];
});

function serve(...options: string[]): Program {
  const program = runProgram(['--listen', '127.0.0.1:0', '--data-dir', join(folder, 'data'), ...options]);
  running.push(program);
  return program;
}

/** As editors that are careful write: whoever reads the file sees the old or the new one, never a part. */
function replace(path: string, text: string): void {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

/** Two models that may run side by side; one of them says what it is told to. */
function config(says: string, head = ''): string {
  return `${head}
startPort: ${startPort}
models:
  same:
    cmd: ${fixture('healthy', { name: 'same' })} --port \${PORT}
  changing:
    cmd: ${fixture('healthy', { name: says })} --port \${PORT}
groups:
  together: { swap: false, members: [same, changing] }
`;
}

function ask(url: string, model: string, options: object = {}): Promise<Response> {
  return fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello!' }], ...options }),
  });
}

/** The models in the order of their starts so far: each start is one process. */
function startsOf(program: Program): string[] {
  return [...program.stdout().matchAll(/(\w+): started, pid \d+/g)].map(([, model = '']) => model);
}

async function end(program: Program): Promise<void> {
  program.signal('SIGTERM');
  expect(await program.ended).toBe(0);
  await assertNoProcessLeft();
}

describe('SIGHUP', () => {
  it('R10: an unchanged model keeps its process and its stream, a changed one is started anew for the next request', async () => {
    writeFileSync(file, config('before'));
    const program = serve('--config', file);
    const url = await program.url();
    expect(await (await ask(url, 'changing')).text()).toContain('Hello from model before.');
    const stream = await ask(url, 'same', { stream: true, chunks: 1_000_000, chunk_delay_ms: 10 });
    const reader = stream.body!.getReader();
    await reader.read();

    replace(file, config('after'));
    program.signal('SIGHUP');
    await program.printed(/read the configuration again; changed: changing\n/);
    expect(await (await ask(url, 'changing')).text()).toContain('Hello from model after.');

    for (let chunk = 0; chunk < 20; chunk += 1) expect((await reader.read()).done).toBe(false);
    await program.printed(/(: started, pid [^]*){3}/);
    expect(startsOf(program)).toEqual(['changing', 'same', 'changing']);
    await reader.cancel();
    await end(program);
  });

  it('a broken file changes nothing, its problems are printed with their places, and a mended one is taken', async () => {
    writeFileSync(file, config('before'));
    const program = serve('--config', file);
    const url = await program.url();
    await (await ask(url, 'changing')).text();

    replace(file, `${config('after')}    ttl: soon\n`);
    program.signal('SIGHUP');
    await program.printed(/SIGHUP: the configuration cannot be used, so nothing has changed/);
    expect(program.stderr()).toMatch(/config\.yaml:\d+:\d+: error: /);
    await program.printed(/\[WARN\] the configuration stays as it was.*config\.yaml:\d+:\d+: error: /);
    expect(await (await ask(url, 'changing')).text()).toContain('Hello from model before.');
    await program.printed(/: started, pid /);
    expect(startsOf(program)).toEqual(['changing']);

    replace(file, config('after'));
    program.signal('SIGHUP');
    await program.printed(/read the configuration again; changed: changing\n/);
    expect(await (await ask(url, 'changing')).text()).toContain('Hello from model after.');
    await end(program);
  });

  it('D9: where the log goes and how much of it there is changes with the file', async () => {
    writeFileSync(file, config('x', 'logLevel: error'));
    const program = serve('--config', file);
    const url = await program.url();
    await (await ask(url, 'same')).text();
    expect(program.stdout()).not.toContain('[INFO]');
    replace(file, config('x', 'logLevel: debug\nlogToStdout: both\nlogTimeFormat: kitchen'));
    program.signal('SIGHUP');
    await program.printed(/\d+:\d\d[AP]M \[INFO\] read the configuration again; changed: no running model/);
    expect(program.stdout()).not.toContain('server is listening on port');
    await (await ask(url, 'changing')).text();
    await program.printed(/server is listening on port/);
    await end(program);
  });

  it('without a configuration means nothing to the demo', async () => {
    const program = serve();
    const url = await program.url();
    program.signal('SIGHUP');
    expect((await fetch(`${url}/health`)).status).toBe(200);
    await end(program);
  });
});

describe('--watch-config', () => {
  it('takes over what changes in the file and in the directory, without being asked', async () => {
    const directory = join(folder, 'parts');
    mkdirSync(directory);
    writeFileSync(file, config('before'));
    const more = (name: string) => `models:\n  more:\n    cmd: ${fixture('healthy', { name })} --port \${PORT}\n`;
    writeFileSync(join(directory, 'more.yaml'), more('more'));
    const program = serve('--config', file, '--config-dir', directory, '--watch-config');
    const url = await program.url();
    expect(await (await ask(url, 'more')).text()).toContain('Hello from model more.');
    expect(await (await ask(url, 'changing')).text()).toContain('Hello from model before.');

    replace(file, config('after'));
    await program.printed(/changed: changing\n/);
    expect(await (await ask(url, 'changing')).text()).toContain('Hello from model after.');

    replace(join(directory, 'more.yaml'), 'models: [');
    await program.printed(/--watch-config: the configuration cannot be used, so nothing has changed/);
    expect(program.stderr()).toMatch(/more\.yaml:1:\d+: error: /);

    replace(join(directory, 'more.yaml'), more('new'));
    await program.printed(/changed: more\n/);
    expect(await (await ask(url, 'more')).text()).toContain('Hello from model new.');
    rmSync(directory, { recursive: true });
    await end(program);
  });
});
