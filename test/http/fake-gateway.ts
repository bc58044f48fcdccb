import type { Server, ServerOptions } from 'node:http';
import type { AddressInfo } from 'node:net';
import type {
  Config,
  KeyConfig,
  ModelConfig,
  PeerConfig,
  PinsConfig,
  ProfileConfig,
  SelectorConfig,
  UpstreamTimeouts,
} from '../../src/config/types.ts';
import type { Desk, Destination, Lease, Upstream } from '../../src/dispatch/lease.ts';
import { createPeerUpstream } from '../../src/actors/peer-upstream.ts';
import { createNameBook } from '../../src/dispatch/name-book.ts';
import { createPeerDesk } from '../../src/dispatch/peer-desk.ts';
import { createActivePins } from '../../src/dispatch/pins.ts';
import { GatewayError } from '../../src/errors.ts';
import { createKeyLoads } from '../../src/http/access/key-loads.ts';
import type { HttpDeps } from '../../src/http/deps.ts';
import type { TextLog } from '../../src/http/needs.ts';
import type { FeedbackTimes } from '../../src/http/feedback/wait-feedback.ts';
import { createEventFeed } from '../../src/http/events/feed.ts';
import { createHttpServer } from '../../src/http/server.ts';
import { createLoadTimes } from '../../src/observability/load-times.ts';
import type { LoadTimes } from '../../src/observability/load-times.ts';
import { askPeer } from '../../src/peers/ask-peer.ts';
import { createPeerModels, type PeerModels, type PeerTimes } from '../../src/peers/peer-models.ts';
import { createObservation } from '../../src/observation.ts';
import type { Observation } from '../../src/observation.ts';
import type { FakeUpstream } from './fake-upstream.ts';

/** The HTTP room on a real socket, with a desk that lends what the test says. */
export interface FakeGateway {
  readonly url: string;
  readonly port: number;
  readonly server: Server;
  readonly desk: FakeDesk;
  /** Lines of the gateway's own log. */
  readonly log: string[];
  /** Models that there was a reason to ask whether they still answer. */
  readonly doubted: string[];
  readonly observation: Observation;
  readonly peerModels: PeerModels;
  close(): Promise<void>;
}

export interface FakeDesk extends Desk {
  readonly asked: Destination[];
  readonly granted: number;
  readonly released: number;
  /** Leases out at this moment. */
  held(): number;
  /** Resolves when nothing is lent. */
  allBack(): Promise<void>;
}

/** @param lend Gives the upstream for a ticket, or throws what the desk refuses it with. */
export function fakeDesk(
  lend: (destination: Destination, signal: AbortSignal) => Promise<Upstream> | Upstream,
): FakeDesk {
  const asked: Destination[] = [];
  let granted = 0;
  let released = 0;
  let waiting: (() => void)[] = [];
  return {
    asked,
    get granted() {
      return granted;
    },
    get released() {
      return released;
    },
    held: () => granted - released,
    allBack() {
      return new Promise((resolve) => {
        if (granted === released) resolve();
        else waiting.push(resolve);
      });
    },
    take: () => null,
    async acquire(destination, signal): Promise<Lease> {
      asked.push(destination);
      const upstream = await lend(destination, signal);
      granted += 1;
      let out = true;
      return {
        model: destination.model,
        upstream,
        release() {
          if (!out) return;
          out = false;
          released += 1;
          if (granted !== released) return;
          for (const resolve of waiting) resolve();
          waiting = [];
        },
      };
    },
  };
}

/** Waits until the client has left, as a queue does. */
export function waitForAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(new GatewayError('client_closed_request', 'gone')));
  });
}

export const NO_TIMEOUTS: UpstreamTimeouts = {
  connectMs: 0,
  tlsHandshakeMs: 0,
  keepAliveMs: 0,
  responseHeaderMs: 0,
  idleConnectionMs: 0,
};

export function modelConfig(id: string, overrides: Partial<ModelConfig> = {}): ModelConfig {
  return {
    id,
    name: '',
    description: '',
    cmd: `server --model ${id}`,
    argv: ['server', '--model', id],
    isContainer: false,
    stopArgv: null,
    env: {},
    upstream: { url: 'http://127.0.0.1:1', protocol: 'http:', hostname: '127.0.0.1', port: 1, basePath: '' },
    checkEndpoint: '/health',
    healthTimeoutMs: 1000,
    ttlMs: 0,
    stopTimeoutMs: 1000,
    aliases: [],
    unlisted: false,
    useModelName: null,
    concurrencyLimit: null,
    priority: 0,
    filters: { stripParams: [], setParams: {}, setParamsById: {} },
    sendLoadingState: false,
    capabilities: null,
    ignoresWebsockets: false,
    liveness: null,
    metadata: {},
    timeouts: NO_TIMEOUTS,
    ...overrides,
  };
}

interface ConfigOverrides {
  readonly profiles?: readonly ProfileConfig[];
  readonly pins?: readonly PinsConfig[];
  readonly selectors?: readonly SelectorConfig[];
  readonly peers?: readonly PeerConfig[];
  readonly keys?: readonly (string | KeyConfig)[];
  readonly origins?: readonly string[];
  readonly ignorePaths?: readonly string[];
  readonly includeAliasesInList?: boolean;
  readonly maxBodyBytes?: number;
  readonly logRequests?: boolean;
}

/** A key that is nothing but itself, unless told. */
export function keyConfig(key: string, more: Partial<KeyConfig> = {}): KeyConfig {
  return { key, name: null, allowed: null, isAdmin: true, concurrencyLimit: null, ...more };
}

function byId<Entry extends { readonly id: string }>(entries: readonly Entry[] = []): ReadonlyMap<string, Entry> {
  return new Map(entries.map((entry) => [entry.id, entry]));
}

/** A peer at the address of a fake upstream. */
export function peerConfig(
  id: string,
  models: readonly string[],
  port: number,
  more: Partial<PeerConfig> = {},
): PeerConfig {
  return {
    id,
    upstream: { url: `http://127.0.0.1:${port}`, protocol: 'http:', hostname: '127.0.0.1', port, basePath: '' },
    models,
    discover: false,
    apiKey: null,
    filters: { stripParams: [], setParams: {}, setParamsById: {} },
    timeouts: NO_TIMEOUTS,
    ...more,
  };
}

export function httpConfig(models: readonly ModelConfig[], overrides: ConfigOverrides = {}): Config {
  return {
    models: new Map(models.map((model) => [model.id, model])),
    aliases: new Map(models.flatMap((model) => model.aliases.map((alias) => [alias, model.id] as const))),
    profiles: byId(overrides.profiles),
    pins: byId(overrides.pins),
    selectors: byId(overrides.selectors),
    peers: byId(overrides.peers),
    routing: { kind: 'exclusive' },
    preload: [],
    scheduler: { maxWaitMs: 1000, maxQueue: 10 },
    server: { maxBodyBytes: overrides.maxBodyBytes ?? 64 * 1024 * 1024 },
    auth: { keys: (overrides.keys ?? []).map((key) => (typeof key === 'string' ? keyConfig(key) : key)) },
    cors: { origins: overrides.origins ?? [] },
    activity: {
      maxInMemory: 1000,
      storePath: null,
      retention: { maxAgeMs: 0, maxRows: 0 },
      captureBytes: 0,
      sessionHeaders: [],
    },
    performance: { disabled: true, everyMs: 5000 },
    includeAliasesInList: overrides.includeAliasesInList ?? false,
    upstreamIgnorePaths: overrides.ignorePaths ?? [],
    logToStdout: 'proxy',
    logTimeFormat: null,
    logLevel: 'info',
    logRequests: overrides.logRequests ?? false,
  };
}

export function textLog(history = ''): TextLog & { write(chunk: string): void; listeners(): number } {
  const listeners = new Set<(chunk: string) => void>();
  let text = history;
  return {
    history: () => text,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    write(chunk) {
      text += chunk;
      for (const listener of listeners) listener(chunk);
    },
    listeners: () => listeners.size,
  };
}

/** What a test may replace. */
export type Overrides = Partial<HttpDeps> & {
  readonly feedbackTimes?: Partial<FeedbackTimes>;
  readonly loadTimes?: LoadTimes;
  readonly peerTimes?: Partial<PeerTimes> & { readonly answerMs?: number };
};

export async function startGateway(
  desk: FakeDesk,
  overrides: Overrides = {},
  options: ServerOptions = {},
): Promise<FakeGateway> {
  const log: string[] = [];
  const doubted: string[] = [];
  const keep = (message: string | (() => string)): void => {
    log.push(typeof message === 'string' ? message : message());
  };
  const { feedbackTimes = {}, loadTimes = createLoadTimes(), peerTimes = {}, ...given } = overrides;
  const config = given.config ?? httpConfig([modelConfig('alpha'), modelConfig('beta')]);
  const board = given.board ?? { phaseOf: () => 'stopped', failureOf: () => null, actors: () => [] };
  const journal = given.journal ?? { history: () => [], subscribe: () => () => {} };
  const observation = createObservation({
    config,
    desk,
    journal,
    phaseOf: board.phaseOf,
    loadTimes,
    doubt: (model) => void doubted.push(model),
    times: feedbackTimes,
    warn: keep,
  });
  const logs = given.logs ?? { proxy: textLog(), upstream: textLog(), combined: textLog(), of: () => textLog() };
  const pins = given.pins ?? createActivePins();
  const logger = { info: keep, warn: keep, error: keep };
  const peers = given.peers ?? createPeerDesk(config.peers, createPeerUpstream);
  const peerModels = createPeerModels({
    peers: config.peers,
    ask: (peer, signal) => askPeer(peer, peers, signal, peerTimes.answerMs),
    log: logger,
    times: peerTimes,
  });
  const names = createNameBook(config, peerModels, keep);
  const deps: HttpDeps = {
    config,
    names: names.current(),
    peerModels,
    desk: observation.desk,
    watch: observation.watch,
    observation,
    peers,
    pins,
    control: { unload: () => Promise.resolve(), load: () => Promise.resolve() },
    board,
    journal,
    logs,
    events: createEventFeed({
      config: () => config,
      names: names.current,
      board,
      journal,
      logs,
      pins,
      peerModels,
      observation,
      logger,
    }),
    keyLoads: createKeyLoads(),
    machines: () => ({}),
    logger,
    ...given,
  };
  const server = createHttpServer(deps, options);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    server,
    desk,
    log,
    doubted,
    observation,
    peerModels,
    async close() {
      peerModels.end();
      await observation.close();
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

/** Starts gateways in front of upstreams, and closes whatever it was given. */
export function gatewayKit(): {
  gatewayTo: (upstream: FakeUpstream, overrides?: Overrides) => Promise<FakeGateway>;
  gatewayWith: (desk: FakeDesk, overrides?: Overrides) => Promise<FakeGateway>;
  keep: <T extends { close(): Promise<void> }>(closeable: T) => T;
  closeAll: () => Promise<void>;
} {
  const open: { close(): Promise<void> }[] = [];
  const keep = <T extends { close(): Promise<void> }>(closeable: T): T => {
    open.push(closeable);
    return closeable;
  };
  const gatewayWith = async (desk: FakeDesk, overrides = {}): Promise<FakeGateway> =>
    keep(await startGateway(desk, overrides));
  return {
    keep,
    gatewayWith,
    gatewayTo(upstream, overrides) {
      keep(upstream);
      const desk = fakeDesk(() => upstream.upstream);
      return gatewayWith(desk, overrides);
    },
    async closeAll() {
      while (open.length > 0) await open.pop()?.close();
    },
  };
}
