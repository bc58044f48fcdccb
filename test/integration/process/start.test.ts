import { createServer } from 'node:net';
import { once } from 'node:events';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { startChild } from '../../../src/process/child.ts';
import { freePort } from '../../kit/free-port.ts';
import { assertNoProcessLeft, eventually, fixtureArgv } from '../../kit/processes.ts';
import { createSupervision, launchSpec, type SpecPart, type Supervision } from '../../kit/supervision.ts';
import { temporaryFolder } from '../../kit/temporary-folder.ts';

describe('starting a process', () => {
  const folder = temporaryFolder();
  let supervision: Supervision;
  const supervise = (models: Record<string, SpecPart>): Supervision =>
    (supervision = createSupervision(folder, models));
  afterEach(async () => {
    vi.unstubAllEnvs();
    await supervision.close();
    await assertNoProcessLeft();
  });

  it('reports the spawn with the pid, and the end with code and signal', async () => {
    const port = await freePort();
    const runner = supervise({ a: { port, argv: fixtureArgv('healthy', { port }) } }).runner('a');
    runner.send('process.start');
    const { pid } = await runner.next('process.spawned');
    expect(supervision.registry.current('a')?.pid).toBe(pid);
    expect(supervision.ledger.entries().map((entry) => entry.pid)).toEqual([pid]);

    process.kill(pid, 'SIGKILL');
    expect(await runner.next('process.exited')).toMatchObject({ exitCode: null, signal: 'SIGKILL' });
    expect(supervision.registry.upstreamOf('a')).toBeNull();
    expect(runner.events.map((event) => event.type)).toEqual(['process.spawned', 'process.exited']);
  });

  it('gives the process the environment of the gateway and its own, of which the last wins', async () => {
    process.env['SUPERVISION_TEST'] = 'gateway';
    const argv = [
      process.execPath,
      '-p',
      'JSON.stringify([process.env.SUPERVISION_TEST, process.env.OWN, process.env.HOME])',
    ];
    const env = { SUPERVISION_TEST: 'model', OWN: 'yes' };
    const runner = supervise({ a: { port: await freePort(), argv, env } }).runner('a');
    runner.send('process.start');
    expect((await runner.next('process.exited')).logTail).toEqual([
      JSON.stringify(['model', 'yes', process.env['HOME']]),
    ]);
    delete process.env['SUPERVISION_TEST'];
  });

  it('keeps what is printed on both outputs in the order it was printed', async () => {
    const argv = ['sh', '-c', 'for i in 1 2 3 4 5 6 7 8; do echo out $i; echo err $i >&2; done'];
    const runner = supervise({ a: { port: await freePort(), argv } }).runner('a');
    runner.send('process.start');
    await runner.next('process.exited');
    const expected = [1, 2, 3, 4, 5, 6, 7, 8].flatMap((i) => [`out ${i}`, `err ${i}`]);
    expect(supervision.output().trim().split('\n')).toEqual(expected);
  });

  it('lets a script open its outputs by their names', async () => {
    const script = 'set -e; echo 1; echo 2 >/dev/stderr; echo 3 | tee -a /dev/stderr; echo 4 >/dev/stdout; echo 5 >&2';
    const runner = supervise({ a: { port: await freePort(), argv: ['sh', '-c', script] } }).runner('a');
    runner.send('process.start');
    expect(await runner.next('process.exited')).toMatchObject({ exitCode: 0, logTail: ['1', '2', '3', '3', '4', '5'] });
  });

  it('gives each of many that start at once outputs of its own', async () => {
    const names = Array.from({ length: 40 }, (_, index) => `model-${index}`);
    const ports = await Promise.all(names.map(() => freePort()));
    supervise(Object.fromEntries(names.map((name, at) => [name, { port: ports[at]!, argv: ['echo', name] }])));
    const runners = names.map((name) => supervision.runner(name));
    for (const runner of runners) runner.send('process.start');
    const exits = await Promise.all(runners.map((runner) => runner.next('process.exited')));
    expect(exits.map((exit) => exit.logTail)).toEqual(names.map((name) => [name]));
  });

  it('gives a pipe for each output where there is no mkfifo', async () => {
    vi.resetModules();
    vi.stubEnv('PATH', '/nowhere');
    const { openOutputChannel } = await import('../../../src/process/output-channel.ts');
    expect(await openOutputChannel()).toBeNull();
    vi.unstubAllEnvs();
    const argv = ['sh', '-c', 'echo out; echo err >&2'];
    const text = await new Promise<string>((resolve) => {
      let printed = '';
      const nothing = (): void => {};
      startChild({ argv, env: process.env }, 'apart', {
        spawned: nothing,
        output: (chunk) => (printed += chunk.toString()),
        exited: nothing,
        drained: () => resolve(printed),
        failed: resolve,
      });
    });
    expect(text.trim().split('\n').sort()).toEqual(['err', 'out']);
  });

  it('reports an exit while starting with exit code and last lines, without secrets and command line', async () => {
    const port = await freePort();
    const argv = fixtureArgv('crashing-early', { port, 'api-key': 'sesame-open-up' });
    const runner = supervise({ a: { port, argv, env: { MY_SECRET_TOKEN: 'hidden-value' } } }).runner('a');
    runner.send('process.start');
    const exit = await runner.next('process.exited');
    expect(exit).toMatchObject({ exitCode: 3, signal: null });
    expect(exit.logTail).toEqual([
      'loading model',
      'warning: this will not end well',
      'using key [redacted] and token [redacted]',
      '[the command line]',
      'out of memory',
      'giving up',
    ]);
  });

  it('reports a missing program without its arguments', async () => {
    const argv = ['/nowhere/llama-server', '--api-key', 'sesame-open-up'];
    const runner = supervise({ a: { port: await freePort(), argv } }).runner('a');
    runner.send('process.start');
    const { failure } = await runner.next('process.failed');
    expect(failure).toMatchObject({ code: 'spawn_failed', exitCode: null, signal: null });
    expect(failure.message).toContain('"llama-server" was not found');
    expect(JSON.stringify([failure, supervision.messages])).not.toMatch(/sesame|api-key|nowhere/);
  });

  it('reports a program that the system refuses, without its arguments', async () => {
    const argv = [process.execPath, `sesame${'x'.repeat(200_000)}`];
    const runner = supervise({ a: { port: await freePort(), argv } }).runner('a');
    runner.send('process.start');
    const { failure } = await runner.next('process.failed');
    expect(failure.message).toContain('its arguments and environment are too long');
    expect(failure.message).not.toContain('sesame');
    // The next start is a fresh one.
    runner.send('process.start');
    await runner.next('process.failed');
  });

  it('reports arguments that no system takes, without them', async () => {
    const runner = supervise({ a: { port: await freePort(), argv: [process.execPath, 'sesame\0'] } }).runner('a');
    runner.send('process.start');
    const { failure } = await runner.next('process.failed');
    expect(failure.code).toBe('spawn_failed');
    expect(failure.message).not.toContain('sesame');
  });

  it('looks the program up in the PATH of the gateway, not in that of the model', async () => {
    const argv = ['sh', '-c', 'echo "$0 $PATH"'];
    const runner = supervise({ a: { port: await freePort(), argv, env: { PATH: '/nowhere' } } }).runner('a');
    runner.send('process.start');
    expect((await runner.next('process.exited')).logTail).toEqual(['sh /nowhere']);
  });

  for (const [listenHost, hostname] of [
    ['0.0.0.0', '127.0.0.1'],
    ['127.0.0.1', 'localhost'],
    ['::1', 'localhost'],
  ] as const) {
    it(`R13: a stranger on ${listenHost} is not taken for the model at ${hostname}`, async () => {
      const stranger = createServer().listen(0, listenHost);
      await once(stranger, 'listening');
      const { port } = stranger.address() as { port: number };
      const runner = supervise({ a: { port, hostname, argv: fixtureArgv('healthy', { port }) } }).runner('a');
      runner.send('process.start');
      const { failure } = await runner.next('process.failed');
      expect(failure.code).toBe('port_in_use');
      expect(failure.message).toContain(`${hostname}:${port} is already in use by another program`);
      expect(supervision.ledger.entries()).toEqual([]);
      stranger.close();
    });
  }

  it('R13: a sister model on the same port is not taken for the model', async () => {
    const port = await freePort();
    const argv = fixtureArgv('healthy', { port });
    supervise({ a: { port, argv }, b: { port, argv, hostname: 'localhost' } });
    const [a, b] = [supervision.runner('a'), supervision.runner('b')];
    a.send('process.start');
    await a.next('process.spawned');
    await eventually(() => supervision.output().includes('listening'), 'the sister to listen');
    b.send('process.start');
    const { failure } = await b.next('process.failed');
    expect(failure.message).toContain(`localhost:${port} is already in use by the model "a"`);
  });

  it('owns at most one process', async () => {
    const port = await freePort();
    const runner = supervise({ a: { port, argv: fixtureArgv('healthy', { port }) } }).runner('a');
    runner.send('process.start');
    runner.send('process.start');
    await runner.next('process.spawned');
    runner.send('process.start');
    expect(supervision.ledger.entries()).toHaveLength(1);
    expect(supervision.messages.filter((message) => message.includes('while there is a process'))).toHaveLength(2);
  });

  it('spawns nothing when it is told to stop before the spawn', async () => {
    const port = await freePort();
    const runner = supervise({ a: { port, argv: fixtureArgv('healthy', { port }) } }).runner('a');
    runner.send('process.start');
    runner.send('process.terminate');
    expect((await runner.next('process.failed')).failure.code).toBe('unloaded');
    // A start right after it is a new one and the only one.
    runner.send('process.start');
    await runner.next('process.spawned');
    expect(supervision.ledger.entries()).toHaveLength(1);
  });

  it('is known by what it was started by, though that is replaced while the start is prepared', async () => {
    const [port, other] = [await freePort(), await freePort()];
    const argv = fixtureArgv('healthy', { port });
    const runner = supervise({ a: { port, argv, checkEndpoint: '/before' } }).runner('a');
    runner.send('process.start');
    supervision.registry.replace(
      new Map([['a', launchSpec('a', { port: other, argv: fixtureArgv('healthy', { port: other }) })]]),
    );
    await runner.next('process.spawned');
    expect(supervision.registry.runningSpec('a')).toMatchObject({ argv, upstream: { port } });
    expect(supervision.registry.upstreamOf('a')).toMatchObject({ target: { port } });
    // What does not shape a process holds for it all the same.
    supervision.registry.replace(new Map([['a', launchSpec('a', { port, argv, checkEndpoint: '/after' })]]));
    expect(supervision.registry.runningSpec('a').checkEndpoint).toBe('/after');
  });

  it('a stopped runner leaves no process', async () => {
    const port = await freePort();
    const runner = supervise({ a: { port, argv: fixtureArgv('deaf-to-sigterm', { port }) } }).runner('a');
    runner.send('process.start');
    await runner.next('process.spawned');
    runner.stop();
    await assertNoProcessLeft();
  });
});
