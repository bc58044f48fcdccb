import { request } from 'node:http';
import type { Socket } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { freePort } from '../../kit/free-port.ts';
import {
  assertNoProcessLeft,
  awaitExit,
  awaitListening,
  eventually,
  fixtureArgv,
  isAlive,
  pidIn,
} from '../../kit/processes.ts';
import { createSupervision, startFixture, type Supervision, type TestRunner } from '../../kit/supervision.ts';
import { temporaryFolder } from '../../kit/temporary-folder.ts';

describe('stopping a process', () => {
  const folder = temporaryFolder();
  let supervision: Supervision;
  let files = 0;
  const freshFile = (): string => join(folder, `pid-${++files}`);
  afterEach(async () => {
    await supervision.close();
    await assertNoProcessLeft();
  });

  async function started(...what: [name: string, options?: Record<string, string>]) {
    const { supervision: own, ...rest } = await startFixture(folder, ...what);
    supervision = own;
    return rest;
  }

  const printed = (text: string): Promise<void> =>
    eventually(() => supervision.output().includes(text), `the output "${text}"`);

  async function killed(runner: TestRunner): Promise<void> {
    runner.send('process.kill');
    expect(await runner.next('process.exited')).toMatchObject({ signal: 'SIGKILL' });
  }

  it('ends with SIGTERM', async () => {
    const { runner } = await started('healthy');
    runner.send('process.terminate');
    expect(await runner.next('process.exited')).toMatchObject({ exitCode: 0, signal: null });
    expect(supervision.registry.current('a')).toBeNull();
    await eventually(() => supervision.ledger.entries().length === 0, 'an empty ledger');
  });

  it('ends with SIGKILL what is deaf to SIGTERM, when told to', async () => {
    const { runner } = await started('deaf-to-sigterm');
    runner.send('process.terminate');
    await printed('heard SIGTERM');
    expect(runner.events.map((event) => event.type)).toEqual(['process.spawned']);
    await killed(runner);
  });

  it('ends the whole group of a launcher that is killed', async () => {
    const file = freshFile();
    const { runner } = await started('forking', { 'pid-file': file });
    const child = await pidIn(file);
    await killed(runner);
    await awaitExit(child);
  });

  it('leaves the server of a launcher as much time as the launcher would have had', async () => {
    const file = freshFile();
    // Longer than anything but a kill that is asked for would take.
    const { runner, pid } = await started('forking', { server: 'healthy', 'end-ms': '2200', 'pid-file': file });
    const server = await pidIn(file);
    runner.send('process.terminate');
    await awaitExit(pid);
    expect(isAlive(server)).toBe(true);
    await runner.next('process.exited');
    expect(isAlive(server)).toBe(false);
    expect(supervision.output()).toContain('ended cleanly');
  });

  it('kills the server that a launcher has left, when told to', async () => {
    const file = freshFile();
    const { runner, pid } = await started('forking', { 'pid-file': file });
    const server = await pidIn(file);
    runner.send('process.terminate');
    await awaitExit(pid);
    await printed('heard SIGTERM');
    expect(runner.events.map((event) => event.type)).toEqual(['process.spawned']);
    runner.send('process.kill');
    expect(await runner.next('process.exited')).toMatchObject({ exitCode: 0 });
    expect(isAlive(server)).toBe(false);
  });

  it('ends the group that a process leaves when it exits by itself', async () => {
    const file = freshFile();
    const { runner } = await started('forking', { 'pid-file': file, 'after-ms': '300', code: '4' });
    const child = await pidIn(file);
    expect(await runner.next('process.exited')).toMatchObject({ exitCode: 4 });
    await awaitExit(child);
  });

  it('R12: a child that escaped with setsid does not survive a stop', async () => {
    const file = freshFile();
    const { runner } = await started('escapes-the-group', { 'pid-file': file });
    const escaped = await pidIn(file);
    runner.send('process.terminate');
    await runner.next('process.exited');
    await awaitExit(escaped);
    await eventually(() => supervision.ledger.entries().length === 0, 'an empty ledger');
  });

  it('R12: a child that escaped with setsid does not survive a kill', async () => {
    const file = freshFile();
    const { runner } = await started('escapes-the-group', { 'pid-file': file });
    const escaped = await pidIn(file);
    await killed(runner);
    await awaitExit(escaped);
  });

  it('R12: a daemon whose parents are gone does not survive, and gives its port back to the next start', async () => {
    const file = freshFile();
    const port = await freePort();
    const argv = fixtureArgv('daemon', { port, 'pid-file': file });
    supervision = createSupervision(folder, { a: { port, argv }, b: { port, argv: fixtureArgv('healthy', { port }) } });
    const [a, b] = [supervision.runner('a'), supervision.runner('b')];
    a.send('process.start');
    await a.next('process.exited');
    const daemon = await pidIn(file);
    await awaitListening(port);

    b.send('process.start');
    await b.next('process.spawned');
    expect(isAlive(daemon)).toBe(false);
  });

  it('R17: output held by a far descendant does not hide the end of the process', async () => {
    const file = freshFile();
    const { runner, pid } = await started('holds-pipes', { 'pid-file': file });
    const holder = await pidIn(file);
    process.kill(pid, 'SIGKILL');
    // No clock is needed: with `close` in place of `exit` this would come only after the holder's end.
    expect(await runner.next('process.exited')).toMatchObject({ signal: 'SIGKILL' });
    expect(isAlive(holder)).toBe(true);
    process.kill(holder, 'SIGKILL');
  });

  it('ends its connections before it asks a server to stop that would wait for its clients', async () => {
    const { runner, port } = await started('stubborn-with-open-request');
    const { agent } = supervision.registry.upstreamOf('a')!;
    const open = request({ port, agent, path: '/hang' }).end();
    const broken = once(open, 'error');
    await once(open, 'socket');
    await once(open.socket!, 'connect');
    runner.send('process.terminate');
    await broken;
    expect(await runner.next('process.exited')).toMatchObject({ exitCode: 0 });
  });

  it.each([
    ['', 'wants-two-sigterms', 1],
    [', behind a launcher that has ended', 'forking', 0],
  ])('asks a second time when clients were cut off and the server does not end%s', async (_, fixture, exitCode) => {
    const { runner, port } = await started(fixture, { server: 'wants-two-sigterms' });
    const { agent } = supervision.registry.upstreamOf('a')!;
    const open = request({ port, agent, path: '/hang' }).end();
    const broken = once(open, 'error');
    await once(open, 'socket');
    await once(open.socket!, 'connect');
    runner.send('process.terminate');
    await broken;
    expect(await runner.next('process.exited')).toMatchObject({ exitCode, signal: null });
  });

  it('ends upgraded connections too, and lets no new ones through', async () => {
    const { runner, port } = await started('deaf-to-sigterm');
    const upstream = supervision.registry.upstreamOf('a')!;
    const headers = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-key': 'x' };
    const [, socket] = (await once(request({ port, agent: upstream.agent, headers }).end(), 'upgrade')) as [
      unknown,
      Socket,
    ];
    upstream.track(socket);
    expect(upstream.isEnding()).toBe(false);
    runner.send('process.terminate');
    await once(socket, 'close');
    expect(upstream.isEnding()).toBe(true);

    const [error] = (await once(request({ port, agent: upstream.agent }).end(), 'error')) as [Error];
    expect(error.message).toContain('being stopped');
    await killed(runner);
  });

  it('a stop of what has just ended by itself still reports one end', async () => {
    const { runner, pid } = await started('healthy');
    process.kill(pid, 'SIGKILL');
    runner.send('process.terminate');
    runner.send('process.kill');
    await runner.next('process.exited');
    runner.send('process.kill');
    expect(runner.events.map((event) => event.type)).toEqual(['process.spawned', 'process.exited']);
  });

  it('starts again after a stop, as a new process', async () => {
    const { runner, pid } = await started('healthy');
    runner.send('process.terminate');
    await runner.next('process.exited');
    runner.send('process.start');
    expect((await runner.next('process.spawned')).pid).not.toBe(pid);
  });
});
