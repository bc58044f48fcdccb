import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';

const PROGRAM = fileURLToPath(new URL('../../../src/demo/stand-in-server.ts', import.meta.url));
const children: ChildProcess[] = [];
afterEach(() => children.splice(0).forEach((child) => child.kill('SIGKILL')));

function start(...args: string[]): ChildProcess {
  const child = spawn(process.execPath, [PROGRAM, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  return child;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

describe('stand-in-server', () => {
  it('listens before it is loaded, shows its progress, becomes healthy and stops when told to', async () => {
    const port = await freePort();
    const child = start('--port', String(port), '--name', 'alpha', '--load-seconds', '1');
    const health: number[] = [];
    const lines: string[] = [];
    for await (const line of createInterface({ input: child.stdout! })) {
      lines.push(line);
      health.push((await fetch(`http://127.0.0.1:${port}/health`)).status);
      if (line.endsWith('ready')) break;
    }
    expect(lines).toContain('alpha: loading 50 %');
    expect(health[0]).toBe(503);
    expect(health.at(-1)).toBe(200);
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  it('exits with 2 when it is not told its port', async () => {
    expect(await once(start('--name', 'alpha'), 'exit')).toEqual([2, null]);
  });

  it('exits with 1 when its port is taken', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const child = start('--port', String((holder.address() as AddressInfo).port));
    expect(await once(child, 'exit')).toEqual([1, null]);
    holder.close();
  });
});
