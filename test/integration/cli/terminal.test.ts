import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';
import { findExecutable } from '../../../src/process/executable.ts';
import { assertNoProcessLeft, fixture, isAlive } from '../../kit/processes.ts';
import { temporaryFolder } from '../../kit/temporary-folder.ts';

const LAUNCHER = fileURLToPath(new URL('../../../src/launcher.js', import.meta.url));
/** More than a terminal, the pipe behind it and whoever is in between hold together. */
const MUCH = 2 * 1024 * 1024;
/** Characters that are looked through for what was shown. */
const SEEN = 256 * 1024;

let pid = 0;
afterEach(async () => {
  if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  await assertNoProcessLeft(0);
});

const hasTerminals = findExecutable('script').path !== null;

// `script` gives what it runs a terminal, and takes from it what it can pass on itself.
it.runIf(hasTerminals)(
  'a terminal that does not read stops nobody; when it reads again it is told what it has missed',
  async () => {
    const folder = temporaryFolder();
    const config = join(folder, 'config.yaml');
    writeFileSync(config, `logToStdout: both\nmodels:\n  chatty:\n    cmd: ${fixture('chatty')} --port \${PORT}\n`);
    const program = [LAUNCHER, '--config', config, '--listen', '127.0.0.1:0', '--data-dir', folder];
    const command = [process.execPath, ...program].map((word) => `'${word}'`).join(' ');
    const terminal = spawn('script', ['-qefc', `echo pid $$; exec ${command}`, '/dev/null'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let screen = '';
    terminal.stdout.setEncoding('utf8').on('data', (text: string) => (screen = (screen + text).slice(-SEEN)));
    async function shown(pattern: RegExp): Promise<string> {
      while (!pattern.test(screen)) await once(terminal.stdout, 'data');
      return pattern.exec(screen)?.[1] ?? '';
    }
    pid = Number(await shown(/pid (\d+)/));
    const url = await shown(/listens on (http:\/\/[^\s]+)/);

    terminal.stdout.pause();
    await (await fetch(`${url}/upstream/chatty/v1/models`)).text();
    const logs = await fetch(`${url}/logs/stream`);
    let passed = 0;
    for await (const chunk of logs.body!) if ((passed += (chunk as Uint8Array).length) > MUCH) break;

    terminal.stdout.resume();
    await shown(/— (\d+) bytes dropped —/);
    process.kill(pid, 'SIGTERM');
    await shown(/(SIGTERM: finishing)/);
    expect(await once(terminal, 'exit')).toEqual([0, null]);
    await assertNoProcessLeft();
  },
);
