import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { InspectionEvent } from 'xstate';
import { modelMachine } from '../machines/model/machine.ts';
import { orchestratorMachine } from '../machines/orchestrator/machine.ts';
import { profileMachine } from '../machines/profile/machine.ts';
import type { ModelId } from '../machines/shared/ids.ts';
import { swapMachine } from '../machines/swap/machine.ts';
import type { LoadedConfig } from './config/load.ts';
import { formatProblems, type Problem } from './config/problems.ts';
import type { Config, LogLevel } from './config/types.ts';
import { dataDirectory } from './data-directory.ts';
import { createActivePins } from './dispatch/pins.ts';
import { createPreload } from './dispatch/preload.ts';
import { resolveModel } from './dispatch/resolve-model.ts';
import { GatewayError } from './errors.ts';
import { createKeyLoads } from './http/access/key-loads.ts';
import type { HttpDeps } from './http/deps.ts';
import type { ReloadAnswer } from './http/needs.ts';
import { createEventFeed } from './http/events/feed.ts';
import { createHttpServer, renewTls, serveWith } from './http/server.ts';
import { parseListenAddress, reachableHost } from './listen-address.ts';
import { createObservation } from './observation.ts';
import type { Transition } from './observability/journal.ts';
import { describeMachines } from './observability/machine-definitions.ts';
import { createRecords } from './observability/records.ts';
import { openStore } from './open-store.ts';
import { type ConfigOrigin, readConfig } from './read-config.ts';
import { createRelocation } from './relocation.ts';
import { createReload, type ReloadResult } from './reload.ts';
import { createSupervisor } from './supervisor.ts';
import { readTlsFiles, type TlsFiles } from './tls-files.ts';
import { createTurns } from './turns.ts';

export interface GatewayOptions extends ConfigOrigin {
  /** `host:port`; port 0 takes a free one. */
  readonly listen?: string;
  /** Serves HTTPS with these; they are read again at every reload. */
  readonly tls?: TlsFiles;
  /** Where the ledger of processes is kept. */
  readonly dataDir?: string;
  /** In place of the configuration's. */
  readonly logLevel?: LogLevel;
  /** Gets what `logToStdout` names: by default the gateway's own lines. */
  readonly print?: (text: string) => void;
  /** Sees everything that XState's inspection shows, contexts and payloads included. */
  readonly inspect?: (event: InspectionEvent) => void;
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
  /**
   * Reads the configuration again and goes on with it. Models whose definition has not changed notice nothing, nor do
   * their requests. One at a time; on an error nothing changes.
   *
   * @param config in place of the file that the gateway was made from
   */
  reload(config?: object): Promise<ReloadResult>;
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
  const address = parseListenAddress(options.listen ?? '127.0.0.1:0');
  if (typeof address === 'string') throw new TypeError(address);
  const first = await readConfig(options, { ownPort: address.port, former: null, runs: () => false });
  let loaded = first;
  let tls = options.tls ? await readTlsFiles(options.tls) : null;

  const records = createRecords(first.config, options);
  const { logs, logger, journal, loadTimes, inspect } = records;
  const supervisor = createSupervisor({
    config: first.config,
    dataDir: dataDirectory(options.dataDir ?? null),
    drainTimeoutMs: options.drainTimeoutMs ?? DRAIN_TIMEOUT_MS,
    log: logger,
    output: logs.sink,
    inspect,
    board: journal.board,
    relocate: (model, taken) => relocate(model, taken),
    estimateLoadMs: loadTimes.estimateMs,
  });
  const observation = createObservation({
    config: first.config,
    desk: supervisor.desk,
    journal,
    phaseOf: journal.board.phaseOf,
    loadTimes,
    doubt: supervisor.doubt,
    warn: logger.warn,
  });
  const closing = new AbortController();
  const preload = createPreload(supervisor.control, logger, closing.signal);
  const definitions = describeMachines([modelMachine, profileMachine, swapMachine, orchestratorMachine]);
  const pins = createActivePins();
  const keyLoads = createKeyLoads();
  const events = createEventFeed({
    config: () => loaded.config,
    names: supervisor.names.current,
    board: journal.board,
    journal,
    logs,
    pins,
    peerModels: supervisor.peerModels,
    observation,
    logger,
  });
  const httpDeps = (): HttpDeps => ({
    config: loaded.config,
    names: supervisor.names.current(),
    desk: observation.desk,
    control: supervisor.control,
    peers: supervisor.peers,
    peerModels: supervisor.peerModels,
    pins,
    board: journal.board,
    journal,
    logs,
    watch: observation.watch,
    observation,
    events,
    keyLoads,
    machines: () => definitions,
    logger,
    closing: closing.signal,
    reload: async () => inLines(await reload()),
  });
  const server = createHttpServer(httpDeps(), {}, tls);

  let closed: Promise<void> | null = null;
  let source: ConfigOrigin = options;

  function adopt(next: LoadedConfig): readonly ModelId[] {
    loaded = next;
    records.adopt(next.config);
    const changed = supervisor.adopt(next.config);
    observation.adopt(next.config);
    events.reloaded();
    serveWith(server, httpDeps());
    return changed;
  }

  const inTurn = createTurns();
  const relocate = createRelocation({
    inTurn,
    loaded: () => loaded,
    runs: supervisor.runs,
    adopt: (next) => void (closed ?? adopt(next)),
    warn: logger.warn,
  });
  const reload = createReload(
    inTurn,
    async () => {
      const next = await readConfig(source, { ownPort: address.port, former: loaded, runs: supervisor.runs });
      if (options.tls) tls = await readTlsFiles(options.tls);
      await openStore(observation, next);
      return next;
    },
    (next) => {
      // A gateway that is closing starts nothing any more.
      if (closed) return [];
      const former = loaded;
      const changed = adopt(next);
      if (tls) renewTls(server, tls);
      logger.info(`read the configuration again; changed: ${changed.join(', ') || 'no running model'}`);
      preload.adopt(former.config, next.config, changed);
      return changed;
    },
    (problems) => {
      const errors = problems.filter(({ severity }) => severity === 'error');
      const first = formatProblems(errors.slice(0, 1));
      logger.warn(`the configuration stays as it was, for it has errors (${errors.length}); the first: ${first}`);
    },
  );

  await openStore(observation, first);
  await supervisor.sweep();
  // Before the actors start: where it cannot listen, nothing is left to clean up. What is sent to them now waits.
  server.listen(address.port, address.host);
  await once(server, 'listening');
  supervisor.start();
  preload.begin(loaded.config.preload);
  const bound = server.address() as AddressInfo;

  async function shutDown(): Promise<void> {
    const serverClosed = new Promise<void>((resolve) => void server.close(() => resolve()));
    closing.abort();
    const halted = supervisor.halt();
    server.closeIdleConnections();
    await halted;
    server.closeAllConnections();
    await serverClosed;
    await observation.close();
  }

  return {
    url: `${tls ? 'https' : 'http'}://${reachableHost(bound.address)}:${bound.port}`,
    address: bound,
    get config() {
      return loaded.config;
    },
    warnings: first.warnings,
    on: (_event, listener) => journal.subscribe(listener),
    async ready(name) {
      const destination = resolveModel(loaded.config, name);
      if (!destination) throw new GatewayError('model_not_found', `there is no model ${JSON.stringify(name)}`);
      await supervisor.control.load(destination.unit);
    },
    reload(next) {
      if (next !== undefined) source = { ...options, config: next };
      return reload();
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

function inLines({ ok, changed, problems }: ReloadResult): ReloadAnswer {
  return { ok, changed, problems: problems.map((problem) => formatProblems([problem])) };
}
