import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { InspectionEvent } from 'xstate';
import { modelMachine } from '../machines/model/machine.ts';
import { orchestratorMachine } from '../machines/orchestrator/machine.ts';
import { profileMachine } from '../machines/profile/machine.ts';
import { swapMachine } from '../machines/swap/machine.ts';
import { loadConfigFile, parseConfig } from './config/load.ts';
import type { Problem } from './config/problems.ts';
import type { Config, LogLevel } from './config/types.ts';
import { dataDirectory } from './data-directory.ts';
import { createActivePins } from './dispatch/pins.ts';
import { preload } from './dispatch/preload.ts';
import { resolveModel } from './dispatch/resolve-model.ts';
import { GatewayError } from './errors.ts';
import { createHttpServer } from './http/server.ts';
import { parseListenAddress } from './listen-address.ts';
import { createJournal, type Transition } from './observability/journal.ts';
import { createLoadTimes } from './observability/load-times.ts';
import { createLogger } from './observability/logger.ts';
import { createLogs } from './observability/logs.ts';
import { describeMachines } from './observability/machine-definitions.ts';
import { safely } from './observability/safely.ts';
import { portState } from './process/port.ts';
import { createSupervisor } from './supervisor.ts';

export interface GatewayOptions {
  /** The configuration as an object of the shape that the YAML file has. */
  readonly config?: object;
  /** Or the path of the file. */
  readonly configFile?: string;
  /** `host:port`; port 0 takes a free one. */
  readonly listen?: string;
  /** Where the ledger of processes is kept. */
  readonly dataDir?: string;
  /** In place of the configuration's. */
  readonly logLevel?: LogLevel;
  /** Gets each line of the gateway's own log. */
  readonly print?: (line: string) => void;
  /** Sees everything that XState's inspection shows, contexts and payloads included. */
  readonly inspect?: (event: InspectionEvent) => void;
  /** Seconds. Lower than the ordinary 15 only where a test wants a start to fail quickly. */
  readonly minHealthCheckTimeout?: number;
  /** How long `close` waits for requests in flight, in milliseconds. */
  readonly drainTimeoutMs?: number;
}

export interface Gateway {
  readonly url: string;
  readonly address: AddressInfo;
  readonly config: Config;
  /** What the configuration holds that is odd, but no reason not to start. */
  readonly warnings: readonly Problem[];
  /** @returns Ends the subscription. The listener must not throw. */
  on(event: 'transition', listener: (transition: Transition) => void): () => void;
  /**
   * Starts the model (or profile member) if need be; resolves when it is ready.
   *
   * @param name As a client would write it: id, alias, `profile:member`.
   * @throws GatewayError when it cannot become ready.
   */
  ready(name: string): Promise<void>;
  /** Takes no new work, finishes what is in flight, stops every model, and resolves when no process is left. */
  close(): Promise<void>;
  /** The same without waiting: connections are cut and processes killed. */
  forceClose(): Promise<void>;
}

const DRAIN_TIMEOUT_MS = 30_000;

/**
 * Builds the whole gateway and starts to listen. Everything it is made of meets here and nowhere else.
 *
 * @throws ConfigError with every problem of the configuration; or the system's error when it cannot listen.
 */
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  const { config, warnings } = await readConfig(options);
  const address = parseListenAddress(options.listen ?? '127.0.0.1:0');
  if (typeof address === 'string') throw new TypeError(address);

  const logs = createLogs();
  const logger = createLogger({
    level: options.logLevel ?? config.logLevel,
    write(line) {
      logs.writeProxy(line);
      options.print?.(line);
    },
  });
  if (logger.level === 'debug' && options.print) logs.upstream.subscribe(options.print);
  const journal = createJournal({ report: logger.error });
  const loadTimes = createLoadTimes();
  journal.subscribe(loadTimes.observe);
  journal.subscribe(({ actor, from, to, event }) => {
    const isModel = actor.startsWith('model:');
    logger[isModel ? 'info' : 'debug'](() => `${actor}: ${from ?? 'new'} → ${to} (${event})`);
  });

  const watch = options.inspect && safely('inspect', options.inspect, logger.error);
  const inspect = (event: InspectionEvent): void => {
    journal.inspect(event);
    watch?.(event);
  };
  const supervisor = createSupervisor({
    config,
    dataDir: dataDirectory(options.dataDir ?? null),
    drainTimeoutMs: options.drainTimeoutMs ?? DRAIN_TIMEOUT_MS,
    log: logger,
    output: logs.sink,
    inspect,
    board: journal.board,
    estimateLoadMs: loadTimes.estimateMs,
  });
  const closing = new AbortController();
  const definitions = describeMachines([modelMachine, profileMachine, swapMachine, orchestratorMachine]);
  const server = createHttpServer({
    config,
    desk: supervisor.desk,
    control: supervisor.control,
    peers: supervisor.peers,
    pins: createActivePins(),
    board: journal.board,
    journal,
    logs,
    machines: () => definitions,
    logger,
    closing: closing.signal,
  });

  await supervisor.sweep();
  // Before the actors start: where it cannot listen, nothing is left to clean up. What is sent to them now waits.
  server.listen(address.port, address.host);
  await once(server, 'listening');
  supervisor.start();
  void preload(config.preload, supervisor.control, logger, closing.signal);
  const bound = server.address() as AddressInfo;

  let closed: Promise<void> | null = null;

  async function shutDown(): Promise<void> {
    const serverClosed = new Promise<void>((resolve) => void server.close(() => resolve()));
    closing.abort();
    const halted = supervisor.halt();
    server.closeIdleConnections();
    await halted;
    server.closeAllConnections();
    await serverClosed;
  }

  return {
    url: urlOf(bound),
    address: bound,
    config,
    warnings,
    on: (_event, listener) => journal.subscribe(listener),
    async ready(name) {
      const destination = resolveModel(config, name);
      if (!destination) throw new GatewayError('model_not_found', `there is no model ${JSON.stringify(name)}`);
      await supervisor.control.load(destination.unit);
    },
    close: () => (closed ??= shutDown()),
    async forceClose() {
      closed ??= shutDown();
      server.closeAllConnections();
      supervisor.kill();
      await closed;
    },
  };
}

async function readConfig(options: GatewayOptions): Promise<{ config: Config; warnings: readonly Problem[] }> {
  const { config, configFile, minHealthCheckTimeout } = options;
  const loading = { isPortFree, ...(minHealthCheckTimeout !== undefined && { minHealthCheckTimeout }) };
  if (configFile !== undefined) return loadConfigFile(configFile, loading);
  if (config === undefined) throw new TypeError('createGateway needs either `config` or `configFile`');
  return parseConfig(config, loading);
}

async function isPortFree(port: number): Promise<boolean> {
  return (await portState('localhost', port)) !== 'taken';
}

function urlOf({ address, port }: AddressInfo): string {
  if (address === '::' || address === '0.0.0.0') return `http://localhost:${port}`;
  return `http://${address.includes(':') ? `[${address}]` : address}:${port}`;
}
