import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { killListedTree } from '../../../src/process/kill-tree.ts';
import { freePort } from '../../kit/free-port.ts';
import { assertNoProcessLeft, awaitExit, eventually, fixtureArgv, isAlive } from '../../kit/processes.ts';
import { temporaryFolder } from '../../kit/temporary-folder.ts';

describe('killing a tree without /proc', () => {
  const folder = temporaryFolder();
  const path = process.env['PATH'];
  let files = 0;
  afterEach(async () => {
    process.env['PATH'] = path;
    await assertNoProcessLeft();
  });

  async function startTree() {
    const file = join(folder, `pid-${++files}`);
    const [program = '', ...args] = fixtureArgv('escapes-the-group', { port: await freePort(), 'pid-file': file });
    const root = spawn(program, args, { detached: true, stdio: 'ignore' });
    await eventually(() => existsSync(file) && readFileSync(file, 'utf8') !== '', 'the pid of the escaped process');
    return { root, escaped: Number(readFileSync(file, 'utf8')) };
  }

  it('ends the process and what left its group', async () => {
    const { root, escaped } = await startTree();
    killListedTree(root.pid!);
    expect(await once(root, 'exit')).toEqual([null, 'SIGKILL']);
    await awaitExit(escaped);
  });

  it('ends at least the group where the program that lists processes is missing', async () => {
    const { root, escaped } = await startTree();
    process.env['PATH'] = '/nowhere';
    killListedTree(root.pid!);
    expect(await once(root, 'exit')).toEqual([null, 'SIGKILL']);
    expect(isAlive(escaped)).toBe(true);
    process.kill(escaped, 'SIGKILL');
  });
});
