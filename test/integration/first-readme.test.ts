import { chmodSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createGateway, type Gateway } from '../../src/gateway.ts';
import { freePorts } from '../kit/free-port.ts';
import { assertNoProcessLeft, fixture } from '../kit/processes.ts';
import { temporaryFolder } from '../kit/temporary-folder.ts';

/** A configuration in the form in which llama-swap was first described, down to its folded lines and quotes. */
const FIRST = `
healthCheckTimeout: 60
logRequests: true

models:
  "llama":
    cmd: llama-server --port 8999 -m Llama-3.2-1B-Instruct-Q4_K_M.gguf
    proxy: http://127.0.0.1:8999
    aliases:
    - "gpt-4o-mini"
    - "gpt-3.5-turbo"
    checkEndpoint: /custom-endpoint
    ttl: 60

  "qwen":
    env:
      - "CUDA_VISIBLE_DEVICES=0"
    cmd: >
      llama-server --port 8999
      --model path/to/Qwen2.5-1.5B-Instruct-Q4_K_M.gguf
    proxy: http://127.0.0.1:8999

  "qwen-unlisted":
    cmd: llama-server --port 9999 -m Llama-3.2-1B-Instruct-Q4_K_M.gguf -ngl 0
    unlisted: true

profiles:
  coding:
    - "qwen"
    - "llama"
`;

/** What \`llama-server\` is on the PATH here: a fixture that is named after its arguments and its environment. */
const LLAMA_SERVER = `#!/bin/sh
case "$*" in
  *-ngl*) set -- "$@" --name unlisted ;;
  *Qwen*) set -- "$@" --name "qwen on GPU $CUDA_VISIBLE_DEVICES" ;;
  *) set -- "$@" --name llama --health-path /custom-endpoint ;;
esac
exec ${fixture('healthy')} "$@"
`;

let text: string;
let lastPort: number;
let gateway: Gateway;
const ordinaryPath = process.env['PATH'];

beforeAll(async () => {
  const bin = temporaryFolder();
  writeFileSync(join(bin, 'llama-server'), LLAMA_SERVER);
  chmodSync(join(bin, 'llama-server'), 0o755);
  process.env['PATH'] = `${bin}${delimiter}${ordinaryPath}`;
  const port = await freePorts(3);
  lastPort = port + 2;
  text = FIRST.replaceAll('8999', String(port)).replaceAll('9999', String(port + 1));
});
afterAll(() => {
  process.env['PATH'] = ordinaryPath;
});
afterEach(async () => {
  await gateway.close();
  await assertNoProcessLeft();
});

async function start(yaml: string): Promise<void> {
  const folder = temporaryFolder();
  const configFile = join(folder, 'config.yaml');
  writeFileSync(configFile, yaml);
  gateway = await createGateway({ configFile, listen: '127.0.0.1:0', dataDir: folder });
}

async function chat(model: string): Promise<string> {
  const body = JSON.stringify({ model, messages: [{ role: 'user', content: 'Who are you?' }] });
  const response = await fetch(`${gateway.url}/v1/chat/completions`, { method: 'POST', body });
  const answer = (await response.json()) as { choices?: { message: { content: string } }[] };
  return answer.choices?.[0]?.message.content ?? `HTTP ${response.status}: ${JSON.stringify(answer)}`;
}

async function running(): Promise<string[]> {
  const { running } = (await (await fetch(`${gateway.url}/running`)).json()) as { running: { model: string }[] };
  return running.map(({ model }) => model).sort();
}

describe('a configuration as in the very first README', () => {
  it('swaps two models that listen on the same port, each with its own environment and health endpoint', async () => {
    await start(text);
    expect(await chat('llama')).toBe('Hello from model llama.');
    expect(await running()).toEqual(['llama']);
    expect(await chat('qwen')).toBe('Hello from model qwen on GPU 0.');
    expect(await running()).toEqual(['qwen']);
    expect(await chat('llama')).toBe('Hello from model llama.');
  });

  it('answers to the aliases of a model with that model', async () => {
    await start(text);
    expect(await chat('gpt-4o-mini')).toBe('Hello from model llama.');
    expect(await chat('gpt-3.5-turbo')).toBe('Hello from model llama.');
    expect(await running()).toEqual(['llama']);
  });

  it('lists all models but the unlisted one, which answers nevertheless', async () => {
    await start(text);
    const { data } = (await (await fetch(`${gateway.url}/v1/models`)).json()) as { data: { id: string }[] };
    expect(data.map(({ id }) => id).sort()).toEqual(['llama', 'qwen']);
    expect(await (await fetch(`${gateway.url}/upstream`)).text()).not.toContain('qwen-unlisted');
    expect(await chat('qwen-unlisted')).toBe('Hello from model unlisted.');
    expect(await running()).toEqual(['qwen-unlisted']);
  });

  it('unloads a model that was idle for its ttl', async () => {
    await start(text.replace('ttl: 60', 'ttl: 1'));
    const unloaded = new Promise<string>((resolve) => {
      gateway.on('transition', ({ actor, to }) => {
        if (to === 'stopped') resolve(actor);
      });
    });
    await chat('llama');
    expect(await unloaded).toBe('model:llama');
    expect(await running()).toEqual([]);
  });

  it('answers to profile:model with the model, though the members share their port and can only take turns', async () => {
    await start(text);
    expect(await chat('coding:qwen')).toBe('Hello from model qwen on GPU 0.');
    expect(await chat('coding:llama')).toBe('Hello from model llama.');
    expect(await chat('coding/gpt-4o-mini')).toBe('Hello from model llama.');
    expect(await running()).toEqual(['llama']);
  });

  it('loads and unloads the models of a profile together when each has a port of its own, as that README advises', async () => {
    const [before = '', qwen = ''] = text.split('"qwen":');
    await start(
      `${before}"qwen":${qwen.replace(/--port \d+|127\.0\.0\.1:\d+/g, (at) => at.replace(/\d+$/, String(lastPort)))}`,
    );
    expect(await chat('coding:qwen')).toBe('Hello from model qwen on GPU 0.');
    expect(await running()).toEqual(['llama', 'qwen']);
    expect(await chat('coding:llama')).toBe('Hello from model llama.');
    expect(await running()).toEqual(['llama', 'qwen']);
    expect(await chat('qwen-unlisted')).toBe('Hello from model unlisted.');
    expect(await running()).toEqual(['qwen-unlisted']);
  });
});
