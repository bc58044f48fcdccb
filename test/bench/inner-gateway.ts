import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { InnerFigures, Question } from './gateway-inside.ts';
import { GATEWAY_CPU, onCpu } from './machine.ts';

/** It must be told when to collect, and has the space for young objects that the launcher gives it. */
const V8_OPTIONS = ['--expose-gc', '--max-semi-space-size=8', '--no-memory-reducer'];

const PROGRAM = fileURLToPath(new URL('gateway-inside.ts', import.meta.url));

/** This gateway in a child process of the bench, on a core of its own, that answers questions about itself. */
export interface InnerGateway extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  figures(): Promise<InnerFigures>;
  /** Begins to measure the event-loop delay anew. */
  restart(): Promise<void>;
}

export async function startInnerGateway(config: object): Promise<InnerGateway> {
  const folder = mkdtempSync(join(tmpdir(), 'llama-swap-bench-'));
  const configFile = join(folder, 'config.yaml');
  writeFileSync(configFile, JSON.stringify(config));
  const [program = '', ...rest] = onCpu(GATEWAY_CPU, [process.execPath, ...V8_OPTIONS, PROGRAM, configFile, folder]);
  const child = spawn(program, rest, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const exit = once(child, 'exit');
  const message = async (): Promise<unknown> => {
    const ended = exit.then(() => Promise.reject(new Error('the gateway ended')));
    const [answer]: unknown[] = await Promise.race([once(child, 'message'), ended]);
    return answer;
  };
  const ask = (question: Question): Promise<unknown> => {
    const answer = message();
    child.send(question);
    return answer;
  };
  return {
    url: (await message()) as string,
    pid: child.pid ?? 0,
    figures: async () => (await ask('figures')) as InnerFigures,
    restart: async () => void (await ask('restart')),
    async [Symbol.asyncDispose]() {
      child.disconnect();
      await exit;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
