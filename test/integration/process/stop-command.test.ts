import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { assertNoProcessLeft, awaitExit, isAlive, pidIn } from '../../kit/processes.ts';
import { type SpecPart, startFixture, type Supervision } from '../../kit/supervision.ts';
import { temporaryFolder } from '../../kit/temporary-folder.ts';

describe('stopping a process with a command', () => {
  const folder = temporaryFolder();
  let supervision: Supervision;
  let files = 0;
  const freshFile = (): string => join(folder, `file-${++files}`);
  afterEach(async () => {
    await supervision.close();
    await assertNoProcessLeft();
  });

  async function started(...what: [name: string, options?: Record<string, string>, part?: SpecPart]) {
    const { supervision: own, ...rest } = await startFixture(folder, ...what);
    supervision = own;
    return rest;
  }

  it('runs cmdStop in place of SIGTERM, with the pid and the environment of the model', async () => {
    const file = freshFile();
    const stopArgv = ['sh', '-c', `echo "\${PID} $OWN" > ${file}; kill -9 \${PID}`];
    const { runner, pid } = await started('deaf-to-sigterm', {}, { stopArgv, env: { OWN: 'mine' } });
    runner.send('process.terminate');
    expect(await runner.next('process.exited')).toMatchObject({ signal: 'SIGKILL' });
    expect(readFileSync(file, 'utf8')).toBe(`${pid} mine\n`);
    expect(supervision.output()).not.toContain('heard SIGTERM');
  });

  for (const [what, stopArgv] of [
    ['fails', ['sh', '-c', 'exit 5']],
    ['is missing', ['/nowhere/stop', '--password', 'sesame-open-up']],
  ] as const) {
    it(`R12: a cmdStop that ${what} is followed by SIGTERM at once`, async () => {
      const { runner } = await started('healthy', {}, { stopArgv });
      runner.send('process.terminate');
      expect(await runner.next('process.exited')).toMatchObject({ exitCode: 0 });
      const said = supervision.messages.join('\n');
      expect(said).toContain('the stop command failed');
      expect(said).not.toMatch(/sesame|password/);
    });
  }

  it('a cmdStop that hangs does not keep a process from being killed, and is gone with it', async () => {
    const file = freshFile();
    const stopArgv = ['sh', '-c', `echo $$ > ${file}; sleep 1000`];
    const { runner } = await started('deaf-to-sigterm', {}, { stopArgv });
    runner.send('process.terminate');
    const stopCommand = await pidIn(file);
    runner.send('process.kill');
    expect(await runner.next('process.exited')).toMatchObject({ signal: 'SIGKILL' });
    await awaitExit(stopCommand);
  });

  it('is noted in the ledger, for a gateway that comes after this one', async () => {
    const stopArgv = ['kill', '${PID}'];
    const { pid } = await started('healthy', {}, { stopArgv });
    expect(supervision.ledger.entries()).toMatchObject([{ pid, stopArgv }]);
  });

  it('goes on after the model has ended, and the model counts as stopped when both have', async () => {
    const file = freshFile();
    const script = `kill -TERM \${PID}; while kill -0 \${PID}; do sleep 0.01; done; sleep 0.3; echo tidied > ${file}`;
    const { runner } = await started('healthy', {}, { stopArgv: ['sh', '-c', script] });
    runner.send('process.terminate');
    expect(await runner.next('process.exited')).toMatchObject({ exitCode: 0 });
    expect(existsSync(file)).toBe(true);
  });

  it('can write to its outputs by their names', async () => {
    const script = 'set -e; echo stopping > /dev/stderr; echo stopping > /dev/stdout; kill -TERM ${PID}';
    const { runner } = await started('healthy', {}, { stopArgv: ['sh', '-c', script] });
    runner.send('process.terminate');
    await runner.next('process.exited');
    expect(supervision.messages.join('\n')).not.toContain('the stop command failed');
  });

  it('has not failed when it is the model that it could not find any more', async () => {
    const script = 'kill -TERM ${PID}; while kill -0 ${PID}; do sleep 0.01; done; exit 3';
    const { runner } = await started('healthy', {}, { stopArgv: ['sh', '-c', script] });
    runner.send('process.terminate');
    await runner.next('process.exited');
    expect(supervision.messages.join('\n')).not.toContain('the stop command failed');
  });

  it('that hangs after the model has ended is killed when told to, and has not failed', async () => {
    const file = freshFile();
    const stopArgv = ['sh', '-c', `echo $$ > ${file}; kill -TERM \${PID}; sleep 1000`];
    const { runner, pid } = await started('healthy', {}, { stopArgv });
    runner.send('process.terminate');
    const stopCommand = await pidIn(file);
    await awaitExit(pid);
    expect(isAlive(stopCommand)).toBe(true);
    expect(runner.events.map((event) => event.type)).toEqual(['process.spawned']);
    runner.send('process.kill');
    expect(await runner.next('process.exited')).toMatchObject({ exitCode: 0 });
    await awaitExit(stopCommand);
    expect(supervision.messages.join('\n')).not.toContain('the stop command failed');
  });

  it('that ends the launcher alone is followed by SIGTERM for its server', async () => {
    const stopArgv = ['sh', '-c', 'kill -KILL ${PID}'];
    const { runner } = await started('forking', { server: 'healthy', 'end-ms': '0' }, { stopArgv });
    runner.send('process.terminate');
    expect(await runner.next('process.exited')).toMatchObject({ signal: 'SIGKILL' });
    expect(supervision.output()).toContain('ended cleanly');
  });
});
