import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, expect, it } from 'vitest';
import { freePort } from '../../kit/free-port.ts';
import { assertNoProcessLeft, fixture } from '../../kit/processes.ts';
import { type Program, runProgram } from '../../kit/program.ts';
import { temporaryFolder } from '../../kit/temporary-folder.ts';

const folder = temporaryFolder();
const config = join(folder, 'config.yaml');
const store = join(folder, 'activity.db');
const CAPTURES_MB = 0.5;

let running: Program[] = [];
afterEach(async () => {
  for (const program of running) program.signal('SIGKILL');
  await Promise.all(running.map(({ ended }) => ended));
  running = [];
});

function serve(): Program {
  const program = runProgram(['--listen', '127.0.0.1:0', '--data-dir', join(folder, 'data'), '--config', config]);
  running.push(program);
  return program;
}

/** The text is unlike any other, and large texts are written to the file in several parts. */
function textOf(n: number): string {
  return `${n}:${Array.from({ length: n % 5 === 0 ? 20_000 : 20 }, (_each, index) => (index * n) % 997).join(' ')}`;
}

async function ask(url: string, n: number): Promise<void> {
  const body = JSON.stringify({ model: 'alpha', messages: [{ role: 'user', content: textOf(n) }] });
  await (await fetch(`${url}/v1/chat/completions`, { method: 'POST', body })).text();
}

/** Asks on until the gateway is gone. @returns How many answers came. */
async function askForEver(url: string, first: number): Promise<number> {
  for (let n = first; ; n += 4) {
    try {
      await ask(url, n);
    } catch {
      return (n - first) / 4;
    }
  }
}

interface Entry {
  readonly id: number;
  readonly has_capture: boolean;
}

async function read<T>(url: string): Promise<T> {
  const response = await fetch(url);
  expect(response.status).toBe(200);
  return (await response.json()) as T;
}

it('D3: after kill -9 in the middle of it all, what is there is whole, within its bound, and goes on', async () => {
  writeFileSync(
    config,
    `startPort: ${await freePort()}
captureBuffer: ${CAPTURES_MB}
store: { path: ${store} }
models: { alpha: { cmd: '${fixture('healthy', { name: 'alpha' })} --port \${PORT}' } }
`,
  );
  let known = 0;
  for (const round of [1, 2, 3]) {
    const program = serve();
    const url = await program.url();
    await ask(url, round);
    const clients = [1, 2, 3, 4].map((first) => askForEver(url, round * 1_000 + first));
    // Enough for several turns of writing.
    const total = async (): Promise<number> =>
      (await read<{ total: number }>(`${url}/api/metrics/activity?limit=1`)).total;
    await expect.poll(total, { timeout: 10_000 }).toBeGreaterThan(known + 60);
    known = await total();
    program.signal('SIGKILL');
    expect(await program.ended).toBe('SIGKILL');
    expect((await Promise.all(clients)).every((answers) => answers > 0)).toBe(true);
  }

  const program = serve();
  const url = await program.url();
  const { total, data } = await read<{ total: number; data: Entry[] }>(`${url}/api/metrics/activity?limit=999`);
  // A reader has seen them, so they had been written.
  expect(total).toBeGreaterThanOrEqual(known);
  expect(new Set(data.map(({ id }) => id)).size).toBe(data.length);
  const captured = data.filter((entry) => entry.has_capture);
  expect(captured.length).toBeGreaterThan(5);
  const texts = new Set<string>();
  for (const { id } of captured) {
    const capture = await read<{ req_body: string; resp_body: string }>(`${url}/api/captures/${id}`);
    const request = JSON.parse(Buffer.from(capture.req_body, 'base64').toString()) as {
      messages: { content: string }[];
    };
    const text = request.messages[0]?.content ?? '';
    expect(text).toBe(textOf(Number.parseInt(text, 10)));
    texts.add(text);
    expect(Buffer.from(capture.resp_body, 'base64').toString()).toContain('Hello from model alpha.');
  }
  expect(texts.size).toBe(captured.length);
  await ask(url, 9_999);
  expect((await read<{ total: number }>(`${url}/api/metrics/activity`)).total).toBe(total + 1);
  program.signal('SIGTERM');
  expect(await program.ended).toBe(0);
  await assertNoProcessLeft();

  const db = new DatabaseSync(store, { readOnly: true });
  expect(db.prepare('PRAGMA integrity_check').all()).toEqual([{ integrity_check: 'ok' }]);
  const { bytes } = db.prepare('SELECT sum(length(bytes)) AS bytes FROM capture_parts').get() as { bytes: number };
  expect(bytes).toBeLessThanOrEqual(CAPTURES_MB * 1024 * 1024);
  db.close();
});
