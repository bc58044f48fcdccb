import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLedger, type Ledger } from '../../../src/process/ledger.ts';
import { freePort } from '../../kit/free-port.ts';
import {
  assertNoProcessLeft,
  awaitExit,
  awaitListening,
  eventually,
  fixtureArgv,
  isAlive,
} from '../../kit/processes.ts';
import { temporaryFolder } from '../../kit/temporary-folder.ts';

const STAND_IN = fileURLToPath(new URL('../../fixtures/gateway-stand-in.ts', import.meta.url));

describe('the ledger', () => {
  const root = temporaryFolder();
  let folders = 0;
  let directory: string;
  let warnings: string[];
  let gateways: ChildProcess[];
  beforeEach(() => {
    directory = join(root, `ledger-${++folders}`);
    warnings = [];
    gateways = [];
  });
  afterEach(async () => {
    for (const gateway of gateways) if (gateway.signalCode === null) await killGateway(gateway);
    await nextLedger().sweep();
    await assertNoProcessLeft();
  });

  const nextLedger = (stopMs = 30_000): Ledger =>
    createLedger({ directory, warn: (message) => warnings.push(message), orphanTimes: { stopMs, graceMs: 200 } });

  /** Another gateway with one process, which listens. */
  async function gatewayWith(
    name: string,
    options: Record<string, string> = {},
    { mode = 'recorded', stopArgv = null }: { mode?: 'recorded' | 'unrecorded'; stopArgv?: string[] | null } = {},
  ) {
    const port = await freePort();
    const argv = fixtureArgv(name, { port, ...options });
    const gateway = spawn(process.execPath, [STAND_IN, directory, mode, JSON.stringify(stopArgv), ...argv], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, OWN: 'mine' },
    });
    gateways.push(gateway);
    const [line] = (await once(createInterface(gateway.stdout), 'line')) as [string];
    await awaitListening(port);
    return { gateway, pid: Number(line) };
  }

  async function killGateway(gateway: ChildProcess): Promise<void> {
    gateway.kill('SIGKILL');
    await once(gateway, 'exit');
  }

  it('R12: a process whose gateway was killed is ended by the next one', async () => {
    const { gateway, pid } = await gatewayWith('healthy');
    await killGateway(gateway);
    expect(isAlive(pid)).toBe(true);

    expect(await nextLedger().sweep()).toBe(1);
    expect(isAlive(pid)).toBe(false);
    expect(readdirSync(directory)).toEqual([]);
  });

  it('R12: an orphan that is deaf to SIGTERM is killed after a grace', async () => {
    const { gateway, pid } = await gatewayWith('deaf-to-sigterm');
    await killGateway(gateway);
    expect(await nextLedger().sweep()).toBe(1);
    expect(isAlive(pid)).toBe(false);
  });

  it('R12: what left the group of an orphan is ended too', async () => {
    const file = join(root, `escaped-${folders}`);
    const { gateway, pid } = await gatewayWith('escapes-the-group', { 'pid-file': file });
    await eventually(() => existsSync(file) && readFileSync(file, 'utf8') !== '', 'the pid of the escaped process');
    const escaped = Number(readFileSync(file, 'utf8'));
    await killGateway(gateway);
    // Even when its parent is gone before the sweep, and with it every link between the two.
    process.kill(pid, 'SIGKILL');
    await awaitExit(pid);
    expect(await nextLedger().sweep()).toBe(1);
    expect(isAlive(escaped)).toBe(false);
  });

  it('R12: a gateway killed before it could write the pid down leaves no orphan either', async () => {
    const { gateway, pid } = await gatewayWith('healthy', {}, { mode: 'unrecorded' });
    await killGateway(gateway);
    expect(await nextLedger().sweep()).toBe(1);
    expect(isAlive(pid)).toBe(false);
  });

  it('R12: the stop command of a model is run first, with its environment, for a signal may not reach its container', async () => {
    const file = join(root, `stopped-${folders}`);
    const stopArgv = ['sh', '-c', `kill -0 \${PID} && echo "\${PID} $OWN" > ${file}; kill -KILL \${PID}`];
    const { gateway, pid } = await gatewayWith('healthy', {}, { stopArgv });
    await killGateway(gateway);
    expect(await nextLedger().sweep()).toBe(1);
    expect(readFileSync(file, 'utf8')).toBe(`${pid} mine\n`);
    expect(isAlive(pid)).toBe(false);
    expect(warnings).toEqual([expect.stringContaining('model: a gateway before this one has left it behind')]);
  });

  it('R12: the stop command is run also when the process went down with its gateway, unless it needs its pid', async () => {
    const [file, never] = [join(root, `stopped-${folders}`), join(root, `never-${folders}`)];
    for (const stopArgv of [
      ['touch', file],
      ['touch', `${never}-\${PID}`],
    ]) {
      const { gateway, pid } = await gatewayWith('healthy', {}, { stopArgv });
      await killGateway(gateway);
      process.kill(pid, 'SIGKILL');
      await awaitExit(pid);
    }
    expect(await nextLedger().sweep()).toBe(0);
    expect(readdirSync(root).filter((name) => /^(stopped|never)-/.test(name))).toContain(`stopped-${folders}`);
    expect(readdirSync(root).filter((name) => name.startsWith('never-'))).toEqual([]);
  });

  for (const [what, stopArgv] of [
    ['fails', ['sh', '-c', 'exit 5']],
    ['hangs', ['sh', '-c', 'sleep 1000']],
    ['is missing', ['/nowhere/stop', '--password', 'sesame-open-up']],
  ] as const) {
    it(`R12: an orphan whose stop command ${what} is ended by signals`, async () => {
      const { gateway, pid } = await gatewayWith('deaf-to-sigterm', {}, { stopArgv: [...stopArgv] });
      await killGateway(gateway);
      expect(await nextLedger(300).sweep()).toBe(1);
      expect(isAlive(pid)).toBe(false);
      expect(warnings.join()).not.toMatch(/sesame|password/);
    });
  }

  it('leaves the processes of another gateway alone that lives', async () => {
    const { pid } = await gatewayWith('healthy');
    expect(await nextLedger().sweep()).toBe(0);
    expect(isAlive(pid)).toBe(true);
    expect(readdirSync(directory)).toHaveLength(1);
  });

  it('does not kill by a stale pid: a process that started at another time is somebody else', async () => {
    const bystander = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    const pid = bystander.pid!;
    const ledger = nextLedger();
    ledger.newMark();
    const [own] = readdirSync(directory);
    const file = join(root, `stale-${folders}`);
    const stopArgv = ['touch', file];
    const child = { pid, startToken: 'at another time', mark: '0123456789abcdef.1', label: 'model', stopArgv };
    const gateway = { pid: process.pid, startToken: 'at another time' };
    writeFileSync(
      join(directory, 'gateway-0123456789abcdef.json'),
      JSON.stringify({ version: 1, gateway, mark: '0123456789abcdef', children: [child] }),
    );
    expect(await ledger.sweep()).toBe(0);
    expect(isAlive(pid)).toBe(true);
    expect(readdirSync(directory)).toEqual([own]);
    // Nor is anything run for it: the machine may have been started anew since.
    expect(existsSync(file)).toBe(false);
    bystander.kill('SIGKILL');
    await once(bystander, 'exit');
  });

  it('survives damaged and foreign files', async () => {
    const ledger = nextLedger();
    ledger.newMark();
    const damaged = [
      '',
      '{"version":1,"gateway":{"pid":',
      'null',
      '[]',
      '{"version":2}',
      '{"version":1,"gateway":{"pid":-1,"startToken":"x"},"mark":"0123456789abcdef","children":[]}',
      '{"version":1,"gateway":{"pid":99999999,"startToken":"x"},"mark":"","children":[]}',
      '{"version":1,"gateway":{"pid":99999999,"startToken":"x"},"mark":"0123456789abcdef","children":[{"pid":0}]}',
      '{"version":1,"gateway":{"pid":99999999,"startToken":"x"},"mark":"0123456789abcdef","children":[{"pid":99999998,"startToken":"x","mark":"0123456789abcdef.1","stopArgv":"rm"}]}',
    ];
    damaged.forEach((text, index) => writeFileSync(join(directory, `gateway-${'0'.repeat(15)}${index}.json`), text));
    writeFileSync(join(directory, 'notes.txt'), 'not ours');
    expect(await ledger.sweep()).toBe(0);
    expect(warnings).toHaveLength(damaged.length);
    expect(readdirSync(directory).sort()).toEqual([expect.stringMatching(/^gateway-[0-9a-f]{16}\.json$/), 'notes.txt']);
  });

  it('has nothing to sweep where there is no directory', async () => {
    expect(await nextLedger().sweep()).toBe(0);
    expect(existsSync(directory)).toBe(false);
  });

  it('a disk that cannot be written to costs a warning, no start', async () => {
    writeFileSync(directory, 'a file where the directory should be');
    const ledger = nextLedger();
    const mark = ledger.newMark();
    const entry = ledger.add(process.pid, mark, 'model');
    expect(ledger.entries()).toEqual([entry]);
    ledger.remove(entry);
    ledger.close();
    expect(warnings).toHaveLength(1);
  });

  it('kills everything at the end of the program, and takes its record away', async () => {
    const { startChild } = await import('../../../src/process/child.ts');
    const { MARK_VARIABLE } = await import('../../../src/process/mark.ts');
    const file = join(root, `killed-${folders}`);
    const ledger = nextLedger();
    const mark = ledger.newMark();
    const env = { ...process.env, [MARK_VARIABLE]: mark };
    const argv = fixtureArgv('escapes-the-group', { port: await freePort(), 'pid-file': file });
    const pid = await new Promise<number>((resolve, reject) => {
      const nothing = (): void => {};
      const failed = (reason: string): void => reject(new Error(reason));
      startChild({ argv, env }, 'discarded', {
        spawned: resolve,
        output: nothing,
        exited: nothing,
        drained: nothing,
        failed,
      });
    });
    const entry = ledger.add(pid, mark, 'model');
    expect(readFileSync(join(directory, readdirSync(directory)[0]!), 'utf8')).toContain(`"pid":${pid}`);
    await eventually(() => existsSync(file) && readFileSync(file, 'utf8') !== '', 'the pid of the escaped process');
    ledger.killAll();
    await awaitExit(pid);
    await awaitExit(Number(readFileSync(file, 'utf8')));
    ledger.remove(entry);
    ledger.close();
    expect(readdirSync(directory)).toEqual([]);
  });
});
