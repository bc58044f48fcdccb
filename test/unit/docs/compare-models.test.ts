import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createStandIn } from '../../../src/demo/create-stand-in.ts';

const SCRIPT = fileURLToPath(new URL('../../../docs/examples/compare-models.mjs', import.meta.url));
const server = createStandIn({ name: 'alpha', tokensPerSecond: 0, isLoaded: () => true });
let url = '';

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
});

async function run(...args: string[]) {
  const child = spawn(process.execPath, [SCRIPT, ...args]);
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { stdout, stderr, code: code as number };
}

describe('compare-models.mjs', () => {
  it('prints one row of numbers for each model', async () => {
    const { stdout, code } = await run('--url', url, '--repeat', '2', '--max-tokens', '12', 'alpha', 'beta');
    expect(code).toBe(0);
    const rows = stdout.trim().split('\n');
    expect(rows[0]).toMatch(/^\| model +\| answers +\| load, s +\| first token, ms +\| tokens\/s +\| tokens +\|$/);
    expect(rows).toHaveLength(4);
    for (const row of rows.slice(2)) expect(row).toMatch(/^\| (alpha|beta) +\| +6 \|( +[\d.]+ \|){3} +72 \|$/);
  });

  it('says what went wrong with a model, measures the others and ends with 1', async () => {
    const { stdout, stderr, code } = await run('--url', `${url}/nowhere`, 'alpha');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^alpha: HTTP 404/);
    expect(stdout).toMatch(/\| alpha +\| +- \|/);
  });

  it('explains itself when no model is named', async () => {
    const { stderr, code } = await run();
    expect(code).toBe(2);
    expect(stderr).toMatch(/^usage: /);
  });
});
