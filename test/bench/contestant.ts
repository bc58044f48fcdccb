import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../kit/free-port.ts';
import { onCpu } from './machine.ts';
import { timedRequest } from './request.ts';

/** A gateway that takes part, started as a user would start it: by a shell command. */
export interface Recipe {
  readonly name: string;
  /** With `{config}`, `{port}` and `{folder}` where the file, the port and a folder for its data belong. */
  readonly command: string;
  /** Top-level keys on top of the configuration of a bench, as JSON; `{upstream}` is the URL of the upstream alone. */
  readonly settings?: string;
}

/** Gateways that run already, and have the model of the bench at this port of this machine. */
export interface Running {
  readonly gateways: readonly { readonly name: string; readonly url: string }[];
  readonly upstreamPort: number;
}

export interface Contestant {
  readonly name: string;
  readonly url: string;
  /** null for one that was running. */
  readonly pid: number | null;
  /** From the spawn to its first answer. */
  readonly startMs: number;
  close(): Promise<void>;
}

/** The program as it is installed; `npm run bench` builds it first. */
const LAUNCHER = fileURLToPath(new URL('../../dist/launcher.js', import.meta.url));

export const OURS: Recipe = {
  name: 'llama-swap (this one)',
  command: `'${process.execPath}' '${LAUNCHER}' serve --config {config} --listen 127.0.0.1:{port} --data-dir {folder}`,
};

/**
 * Starts a gateway on a configuration in llama-swap's form; YAML reads JSON too.
 *
 * @param upstream What `{upstream}` in its settings stands for.
 * @param cpu The only core it may use, together with every process it starts that does not choose another one.
 */
export async function start(
  { name, command, settings = '{}' }: Recipe,
  config: object,
  { cpu = null, upstream = '' }: { readonly cpu?: number | null; readonly upstream?: string } = {},
): Promise<Contestant> {
  const folder = mkdtempSync(join(tmpdir(), 'llama-swap-bench-'));
  const file = join(folder, 'config.yaml');
  const added = JSON.parse(settings.replaceAll('{upstream}', upstream)) as object;
  writeFileSync(file, JSON.stringify({ ...config, ...added }));
  const port = await freePort();
  const filled = command.replaceAll('{config}', file).replaceAll('{port}', String(port)).replaceAll('{folder}', folder);

  const started = performance.now();
  const argv = ['sh', '-c', `exec ${filled}`];
  const [program = '', ...rest] = cpu === null ? argv : onCpu(cpu, argv);
  const child = spawn(program, rest, { stdio: ['ignore', 'ignore', 'pipe'] });
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text));
  const url = `http://127.0.0.1:${port}`;
  while (!(await timedRequest(`${url}/v1/models`).catch(() => null))) {
    if (child.exitCode !== null) throw new Error(`${name}: exited with code ${child.exitCode}: ${complaints}`);
    await delay(1);
  }
  return {
    name,
    url,
    pid: child.pid ?? null,
    startMs: performance.now() - started,
    close: async () => {
      await end(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  const deadline = setTimeout(() => child.kill('SIGKILL'), 20_000);
  await exit;
  clearTimeout(deadline);
}
