import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { createGateway, type Gateway, type GatewayOptions } from '../../src/gateway.ts';
import type { Transition } from '../../src/observability/journal.ts';
import { freePorts } from './free-port.ts';
import { assertNoProcessLeft, fixture } from './processes.ts';

/** A gateway on real sockets with real processes, and everything it did. */
export interface TestGateway extends Gateway {
  readonly transitions: Transition[];
  /** `a starting`, `a ready`, … of the models only. */
  life(): string[];
  /** Resolves when the model has come to the state, now or since the gateway began. */
  reaches(model: string, state: string): Promise<void>;
  /** Sends a chat request; `extra` goes into the body. */
  chat(model: string, extra?: object, init?: RequestInit): Promise<Response>;
}

export interface FixtureModel {
  /** The fixture program; `healthy` unless told. */
  readonly fixture?: string;
  readonly options?: Readonly<Record<string, string | number | boolean>>;
  /** Further keys of the model's configuration. */
  readonly [key: string]: unknown;
}

const gateways: { gateway: Gateway; dataDir: string }[] = [];

/** Starts a gateway whose models are upstream fixtures that give their own names in their answers. */
export async function startGateway(
  models: Readonly<Record<string, FixtureModel>>,
  rest: object = {},
  options: Partial<GatewayOptions> = {},
): Promise<TestGateway> {
  const startPort = await freePorts(Object.keys(models).length);
  const config = {
    startPort,
    models: Object.fromEntries(Object.entries(models).map(([name, model]) => [name, toModel(name, model)])),
    ...rest,
  };
  return open({ config, ...options });
}

/** Starts a gateway with the configuration of a file. */
export function startGatewayFromFile(configFile: string): Promise<TestGateway> {
  return open({ configFile });
}

async function open(options: GatewayOptions): Promise<TestGateway> {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'llama-swap-test-'));
  const gateway = await createGateway({ listen: '127.0.0.1:0', minHealthCheckTimeout: 0, ...options, dataDir });
  gateways.push({ gateway, dataDir });
  return observe(gateway);
}

function toModel(name: string, { fixture: program = 'healthy', options = {}, ...keys }: FixtureModel): object {
  return { cmd: fixture(program, { port: '${PORT}', name, ...options }), proxy: 'http://127.0.0.1:${PORT}', ...keys };
}

function observe(gateway: Gateway): TestGateway {
  const transitions: Transition[] = [];
  const listeners = new Set<() => void>();
  gateway.on('transition', (transition) => {
    transitions.push(transition);
    for (const listener of listeners) listener();
  });
  return {
    ...gateway,
    get config() {
      return gateway.config;
    },
    transitions,
    life: () =>
      transitions
        .filter(({ actor }) => actor.startsWith('model:'))
        .map(({ actor, to }) => `${actor.slice('model:'.length)} ${to}`),
    reaches: (model, state) =>
      new Promise((resolve) => {
        const look = () => {
          if (!transitions.some(({ actor, to }) => actor === `model:${model}` && to === state)) return;
          listeners.delete(look);
          resolve();
        };
        listeners.add(look);
        look();
      }),
    chat: (model, extra = {}, init = {}) =>
      fetch(`${gateway.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model, messages: [{ role: 'user', content: 'who are you?' }], ...extra }),
        ...init,
      }),
  };
}

/** To be called after each test: nothing may be left, neither a process nor a line in the ledger. */
export async function closeGateways(): Promise<void> {
  for (const { gateway, dataDir } of gateways.splice(0)) {
    await gateway.forceClose();
    expect(readdirSync(dataDir), 'the ledger is empty').toEqual([]);
    rmSync(dataDir, { recursive: true, force: true });
  }
  await assertNoProcessLeft();
}

/** The text of a chat answer. */
export async function textOf(response: Response): Promise<string> {
  const { choices } = (await response.json()) as { choices: { message: { content: string } }[] };
  return choices[0]?.message.content ?? '';
}
