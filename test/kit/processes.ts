import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';

/** Inherited by everything this test file starts, so that what is left can be found whoever its parent is. */
const TEST_MARK = `${process.pid}-${Math.random().toString(36).slice(2)}`;
process.env['LLAMA_SWAP_TEST_MARK'] = TEST_MARK;

type Options = Readonly<Record<string, string | number | boolean>>;

/** The words of a command that runs an upstream fixture: `{ port: 1, silent: true }` → `--port 1 --silent`. */
export function fixtureArgv(name: string, options: Options = {}): string[] {
  const program = fileURLToPath(new URL(`../fixtures/upstreams/${name}.mjs`, import.meta.url));
  const words = Object.entries(options).flatMap(([option, value]) =>
    value === true ? [`--${option}`] : [`--${option}`, String(value)],
  );
  return [process.execPath, program, ...words];
}

/** The same as the `cmd` of a configuration. */
export function fixture(name: string, options: Options = {}): string {
  return fixtureArgv(name, options)
    .map((word) => (/^[\w./:=-]+$/.test(word) ? word : JSON.stringify(word)))
    .join(' ');
}

/** Whether the process runs; a zombie does not. */
export function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return !/^[ZX]$/.test(stat[stat.lastIndexOf(')') + 2] ?? '');
  } catch {
    return false;
  }
}

/** Resolves when the process is gone; rejects after a while. */
export async function awaitExit(pid: number, limitMs = 10_000): Promise<void> {
  await eventually(() => !isAlive(pid), `the end of process ${pid}`, limitMs);
}

/** Resolves when the condition holds; for facts of the operating system that send no event. */
export async function eventually(condition: () => boolean, what: string, limitMs = 10_000): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await pause(5);
  }
}

/** The pid that a fixture writes into a file. */
export async function pidIn(file: string): Promise<number> {
  await eventually(() => existsSync(file) && readFileSync(file, 'utf8') !== '', `the pid in ${file}`);
  return Number(readFileSync(file, 'utf8'));
}

/** Resolves when somebody listens on a port of 127.0.0.1. */
export async function awaitListening(port: number): Promise<void> {
  for (;;) {
    const isOpen = await new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (isOpen) return;
    await pause(5);
  }
}

/** Waits for everything that this test file has started to be gone; kills and names what is not. */
export async function assertNoProcessLeft(limitMs = 3_000): Promise<void> {
  try {
    await eventually(() => leftProcesses().length === 0, 'the end of all processes', limitMs);
  } catch {
    const left = leftProcesses();
    for (const { pid } of left) process.kill(pid, 'SIGKILL');
    throw new Error(`left behind: ${left.map(({ pid, command }) => `${pid} (${command})`).join(', ')}`);
  }
}

function leftProcesses(): { pid: number; command: string }[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && pid !== process.pid && isAlive(pid))
    .flatMap((pid) => {
      try {
        const isOurs = readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`LLAMA_SWAP_TEST_MARK=${TEST_MARK}\0`);
        const command = readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ').trim();
        return isOurs ? [{ pid, command }] : [];
      } catch {
        return [];
      }
    });
}
