import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createActor, toPromise } from 'xstate';
import type { PreflightInput } from '../../../machines/swap/types.ts';
import { createPreflight } from '../../../src/actors/preflight.ts';
import { freePort } from '../../kit/free-port.ts';
import { assertNoProcessLeft, eventually, fixtureArgv } from '../../kit/processes.ts';
import { createSupervision, type SpecPart, type Supervision } from '../../kit/supervision.ts';
import { temporaryFolder } from '../../kit/temporary-folder.ts';

describe('the preflight', () => {
  const folder = temporaryFolder();
  let supervision: Supervision;
  afterEach(async () => {
    await supervision.close();
    await assertNoProcessLeft();
  });

  function preflight(models: Record<string, SpecPart>, input: PreflightInput) {
    supervision = createSupervision(folder, models);
    return check(input);
  }

  function check(input: PreflightInput, relocate = async (_model: string, _taken: number) => false) {
    const { registry, leftovers, messages } = supervision;
    const note = (message: string): void => void messages.push(message);
    const log = { debug: note, info: note, warn: note, error: note };
    return toPromise(createActor(createPreflight({ registry, leftovers, log, relocate }), { input }).start());
  }

  async function start(model: string): Promise<void> {
    const runner = supervision.runner(model);
    runner.send('process.start');
    await runner.next('process.spawned');
    await eventually(() => supervision.output().includes('listening'), 'the model to listen');
  }

  it('passes what can be started', async () => {
    const port = await freePort();
    const models = { a: { port, argv: fixtureArgv('healthy', { port }) } };
    expect(await preflight(models, { loads: ['a'], leaves: [] })).toBeNull();
  });

  it('L6: a typo in the command is found before anything is stopped', async () => {
    const argv = ['llama-servr', '--api-key', 'sesame-open-up'];
    const failure = await preflight({ a: { port: await freePort(), argv } }, { loads: ['a'], leaves: [] });
    expect(failure).toMatchObject({ code: 'spawn_failed', logTail: [] });
    expect(failure?.message).toBe('a cannot start: the program "llama-servr" was not found in PATH');
  });

  it('finds a program that cannot be run among several models', async () => {
    const [one, two] = [await freePort(), await freePort()];
    const models = { a: { port: one, argv: fixtureArgv('healthy') }, b: { port: two, argv: [folder] } };
    const failure = await preflight(models, { loads: ['a', 'b'], leaves: [] });
    expect(failure?.message).toMatch(/^b cannot start: the program ".+" is a directory$/);
  });

  it('L6: a port that somebody else holds is found before anything is stopped', async () => {
    const stranger = createServer().listen(0, '127.0.0.1');
    await once(stranger, 'listening');
    const { port } = stranger.address() as { port: number };
    const failure = await preflight({ a: { port, argv: fixtureArgv('healthy') } }, { loads: ['a'], leaves: [] });
    expect(failure?.code).toBe('port_in_use');
    expect(failure?.message).toContain(`127.0.0.1:${port}`);
    stranger.close();
  });

  it('R13: passes a model that gets another address than the one that somebody else holds', async () => {
    const stranger = createServer().listen(0, '127.0.0.1');
    await once(stranger, 'listening');
    const { port } = stranger.address() as { port: number };
    const free = await freePort();
    const argv = fixtureArgv('healthy');
    supervision = createSupervision(folder, { a: { port, argv }, b: { port: free, argv } });
    const moved: [string, number][] = [];
    const relocate = async (model: string, taken: number) => moved.push([model, taken]) === 1;
    expect(await check({ loads: ['b', 'a'], leaves: [] }, relocate)).toBeNull();
    expect(moved).toEqual([['a', port]]);
    stranger.close();
  });

  it('R13: a container that may have outlived its client is not given company on another port', async () => {
    const port = await freePort();
    const argv = fixtureArgv('healthy', { port });
    supervision = createSupervision(folder, { a: { port, argv, isContainer: true } });
    const moved: number[] = [];
    const relocate = async (_model: string, taken: number) => moved.push(taken) > 0;
    const stranger = createServer().listen(port, '127.0.0.1');
    await once(stranger, 'listening');
    expect(await check({ loads: ['a'], leaves: [] }, relocate)).toBeNull();
    expect(moved).toEqual([port]);
    stranger.close();
    await once(stranger, 'close');

    const runner = supervision.runner('a');
    runner.send('process.start');
    await runner.next('process.spawned');
    runner.send('process.terminate');
    await runner.next('process.exited');
    const survivor = createServer().listen(port, '127.0.0.1');
    await once(survivor, 'listening');
    expect(await check({ loads: ['a'], leaves: [] }, relocate)).toMatchObject({ code: 'port_in_use' });
    expect(moved).toEqual([port]);
    survivor.close();
  });

  it('passes a port that is held by a model that will leave, and by no other', async () => {
    const port = await freePort();
    const part = { port, argv: fixtureArgv('healthy', { port }) };
    supervision = createSupervision(folder, { a: part, b: { ...part, hostname: 'localhost' } });
    await start('a');
    expect(await check({ loads: ['b'], leaves: ['a'] })).toBeNull();
    expect(await check({ loads: ['b'], leaves: [] })).toMatchObject({
      code: 'port_in_use',
      message: `b cannot start: localhost:${port} is already in use by the model "a"`,
    });
  });

  it('passes a model that already runs, and one that is restarted', async () => {
    const port = await freePort();
    supervision = createSupervision(folder, { a: { port, argv: fixtureArgv('healthy', { port }) } });
    await start('a');
    expect(await check({ loads: ['a'], leaves: [] })).toBeNull();
    expect(await check({ loads: ['a'], leaves: ['a'] })).toBeNull();
  });

  it('finds two models that cannot run together', async () => {
    const port = await freePort();
    const part = { port, argv: fixtureArgv('healthy') };
    const failure = await preflight({ a: part, b: part }, { loads: ['a', 'b'], leaves: [] });
    expect(failure?.message).toContain(`both listen at 127.0.0.1:${port}`);
  });

  it('passes what it cannot know: an address elsewhere', async () => {
    const part = { hostname: 'model-server.invalid', port: 80, argv: fixtureArgv('healthy') };
    expect(await preflight({ a: part }, { loads: ['a'], leaves: [] })).toBeNull();
  });

  it('lets the start find out what breaks it', async () => {
    expect(await preflight({}, { loads: ['nobody'], leaves: [] })).toBeNull();
    expect(supervision.messages).toEqual([expect.stringContaining('the preflight broke')]);
  });
});
