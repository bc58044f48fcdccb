import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { assertNoProcessLeft, awaitExit, fixture, isAlive } from '../../kit/processes.ts';
import { runProgram } from '../../kit/program.ts';
import type { Program } from '../../kit/program.ts';
import { temporaryFolder } from '../../kit/temporary-folder.ts';

const folder = temporaryFolder();

const CONFIG = join(folder, 'config.yaml');
writeFileSync(
  CONFIG,
  `
unloadTimeout: 60
models:
  good:
    cmd: ${fixture('healthy', { name: 'good' })} --port \${PORT}
  deaf:
    cmd: ${fixture('deaf-to-sigterm', { name: 'deaf' })} --port \${PORT}
`,
);

const MODEL = `models:\n  good:\n    cmd: ${fixture('healthy', { name: 'good' })} --port \${PORT}\n`;

let running: Program[] = [];
afterEach(() => {
  for (const program of running) program.signal('SIGKILL');
  running = [];
});

function serve(...options: string[]): Program {
  return serveWith({}, ...options);
}

function serveWith(settings: Parameters<typeof runProgram>[1], ...options: string[]): Program {
  const dataDir = join(folder, 'data');
  const program = runProgram(['--listen', '127.0.0.1:0', '--data-dir', dataDir, ...options], settings);
  running.push(program);
  return program;
}

function ask(url: string, model: string, options: object = {}): Promise<Response> {
  return fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello!' }], ...options }),
  });
}

async function pidOf(program: Program, model: string): Promise<number> {
  const [, pid] = await program.printed(new RegExp(`${model}: started, pid (\\d+)`));
  return Number(pid);
}

describe('llama-swap serve', () => {
  it('says where it is and serves', async () => {
    const program = serve('--config', CONFIG);
    const url = await program.url();
    expect(await (await ask(url, 'good')).text()).toContain('Hello from model good.');
    expect(program.stdout()).toContain(`curl ${url}/v1/chat/completions -d '{"model":"good"`);
    program.signal('SIGTERM');
    expect(await program.ended).toBe(0);
    await assertNoProcessLeft();
  });

  it('without a configuration serves the demo, and says that its models are stand-ins', async () => {
    const program = serve();
    const url = await program.url();
    await program.printed(/stand-ins/);
    const { data } = (await (await fetch(`${url}/v1/models`)).json()) as { data: unknown[] };
    expect(data.length).toBeGreaterThan(1);
    program.signal('SIGINT');
    expect(await program.ended).toBe(0);
    await assertNoProcessLeft();
  });

  it('finishes what is in flight after the first signal, and takes nothing new', async () => {
    const program = serve('--config', CONFIG);
    const url = await program.url();
    const answer = await ask(url, 'good', { stream: true, chunks: 40, chunk_delay_ms: 25 });
    program.signal('SIGINT');
    await program.printed(/SIGINT: finishing/);
    await expect(fetch(`${url}/health`)).rejects.toThrow('fetch failed');
    expect(await answer.text()).toMatch(/data: \[DONE\]\n\n$/);
    expect(await program.ended).toBe(0);
    await assertNoProcessLeft();
  });

  it('R11: a second signal forces the end of a shutdown that waits', async () => {
    const program = serve('--config', CONFIG);
    await ask(await program.url(), 'deaf').then((answer) => answer.text());
    const pid = await pidOf(program, 'deaf');
    program.signal('SIGTERM');
    await program.printed(/SIGTERM: finishing/);
    expect(isAlive(pid)).toBe(true);
    program.signal('SIGINT');
    expect(await program.ended).toBe(1);
    expect(program.stderr()).toContain('SIGINT again');
    await assertNoProcessLeft();
  });

  it('R11: a second signal cuts what is in flight', async () => {
    const program = serve('--config', CONFIG);
    const answer = await ask(await program.url(), 'good', { stream: true, chunks: 1000, chunk_delay_ms: 1000 });
    const end = answer.text().catch((error: unknown) => error);
    program.signal('SIGTERM');
    await program.printed(/SIGTERM: finishing/);
    program.signal('SIGTERM');
    expect(await program.ended).toBe(1);
    expect(await end).toBeInstanceOf(TypeError);
    await assertNoProcessLeft();
  });

  it('an error that nobody caught leaves no model behind', async () => {
    const thrower = 'data:text/javascript,process.on("SIGUSR2",()=>{throw new Error("a bug")})';
    const program = serveWith({ node: ['--import', thrower] }, '--config', CONFIG);
    await ask(await program.url(), 'deaf').then((answer) => answer.text());
    program.signal('SIGUSR2');
    expect(await program.ended).toBe(1);
    expect(program.stderr()).toMatch(/a bug in llama-swap[^]*Error: a bug/);
    await assertNoProcessLeft();
  });

  it('R12: a model whose gateway was killed is ended when the gateway starts again', async () => {
    const first = serve('--config', CONFIG);
    await ask(await first.url(), 'deaf').then((answer) => answer.text());
    const pid = await pidOf(first, 'deaf');
    first.signal('SIGKILL');
    await first.ended;
    expect(isAlive(pid)).toBe(true);
    const second = serve('--config', CONFIG);
    await second.url();
    await awaitExit(pid);
    second.signal('SIGTERM');
    expect(await second.ended).toBe(0);
    await assertNoProcessLeft();
  });

  it('a reader of its output that leaves is no reason to end', async () => {
    const program = serve('--config', CONFIG);
    const url = await program.url();
    program.stopReading();
    expect((await ask(url, 'good')).status).toBe(200);
    expect((await fetch(`${url}/api/models/unload`, { method: 'POST' })).status).toBe(200);
    expect((await ask(url, 'good')).status).toBe(200);
    program.signal('SIGTERM');
    expect(await program.ended).toBe(0);
    await assertNoProcessLeft();
  });

  it('says in one line that its address is taken, and ends with 1', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = `127.0.0.1:${(other.address() as AddressInfo).port}`;
    const program = serve('--config', CONFIG, '--listen', address);
    expect(await program.ended).toBe(1);
    expect(program.stderr()).toMatch(new RegExp(`^llama-swap cannot listen on ${address}: [^\\n]*taken[^\\n]*\\n$`));
    other.close();
  });

  it('refuses a bad configuration with every problem and ends with 78', async () => {
    const file = join(folder, 'bad.yaml');
    writeFileSync(file, 'models:\n  a:\n    ttl: soon\n  b:\n    cmd: 5\n    aliases: 7\n');
    const program = serve('--config', file);
    expect(await program.ended).toBe(78);
    const errors = program
      .stderr()
      .split('\n')
      .filter((line) => line.includes(': error: '));
    expect(errors.length).toBeGreaterThan(2);
    expect(program.stdout()).toBe('');
  });

  it('shows warnings about a configuration and serves it', async () => {
    const file = join(folder, 'odd.yaml');
    writeFileSync(file, 'models:\n  a:\n    cmd: true --port ${PORT}\n    ttll: 5\n');
    const program = serve('--config', file);
    await program.url();
    await program.printed(/warning: .*ttll/);
    program.signal('SIGTERM');
    expect(await program.ended).toBe(0);
  });

  it('says that a data directory cannot be used', async () => {
    const program = serve('--config', CONFIG, '--data-dir', CONFIG);
    expect(await program.ended).toBe(1);
    expect(program.stderr()).toMatch(/^llama-swap cannot start: E\w+.*\n$/);
  });

  it.each([
    ['proxy', true, false],
    ['upstream', false, true],
    ['both', true, true],
    ['none', false, false],
  ])('logToStdout: %s', async (which, own, models) => {
    const file = join(folder, `${which}.yaml`);
    writeFileSync(file, `logToStdout: ${which}\n${MODEL}`);
    const program = serve('--config', file);
    const url = await program.url();
    await (await ask(url, 'good')).text();
    const logs = await (await fetch(`${url}/logs`)).text();
    program.signal('SIGTERM');
    expect(await program.ended).toBe(0);
    for (const text of [logs, program.stdout()]) {
      expect([/^\[INFO\] model:good/m.test(text), text.includes('server is listening on port')]).toEqual([own, models]);
    }
  });

  it('begins its lines with the time where logTimeFormat is given', async () => {
    const file = join(folder, 'timed.yaml');
    writeFileSync(file, `logTimeFormat: rfc3339\n${MODEL}`);
    const program = serve('--config', file);
    await (await ask(await program.url(), 'good')).text();
    await program.printed(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d) \[INFO\] model:good: .* ready/m);
    program.signal('SIGTERM');
    expect(await program.ended).toBe(0);
  });

  it('--inspect shows every actor to a viewer on this machine', async () => {
    const program = serve('--config', CONFIG, '--inspect');
    const [, inspector = ''] = await program.printed(/inspector.*(http:\/\/127\.0\.0\.1:\d+)/);
    await program.url();
    const viewer = new WebSocket(inspector);
    const names = new Set<string>();
    viewer.on('message', (data: Buffer) => names.add((JSON.parse(data.toString()) as { name: string }).name));
    while (!names.has('model:deaf')) await once(viewer, 'message');
    expect([...names]).toEqual(expect.arrayContaining(['orchestrator', 'model:good', 'model:deaf']));
    viewer.terminate();
    program.signal('SIGTERM');
    expect(await program.ended).toBe(0);
  });

  it('starts no inspector that nobody asked for', async () => {
    const program = serve('--config', CONFIG);
    await program.url();
    expect(program.stdout()).not.toMatch(/inspector/i);
    program.signal('SIGTERM');
    expect(await program.ended).toBe(0);
  });
});
