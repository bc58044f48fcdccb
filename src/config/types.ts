import type { ModelId, ProfileId } from '../../machines/shared/ids.ts';

/**
 * The configuration as the rest of the program sees it: validated, macros expanded, defaults filled in, frozen.
 * Milliseconds end in `Ms`; YAML uses seconds.
 */
export interface Config {
  readonly models: ReadonlyMap<ModelId, ModelConfig>;
  /** Every alias → the id of its model. */
  readonly aliases: ReadonlyMap<string, ModelId>;
  /** List-shaped profiles: models that load, stay and unload together. */
  readonly profiles: ReadonlyMap<ProfileId, ProfileConfig>;
  readonly scheduler: SchedulerConfig;
  readonly server: ServerConfig;
  readonly logLevel: LogLevel;
  /** One line per HTTP request in the gateway's own log. */
  readonly logRequests: boolean;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

interface SchedulerConfig {
  /** A request that has waited longer closes the gate on the model in its way. */
  readonly maxWaitMs: number;
  /** Waiting requests per model; the next one is refused with 429. */
  readonly maxQueue: number;
}

interface ServerConfig {
  /** Largest request body read into memory, in bytes. */
  readonly maxBodyBytes: number;
}

export interface ProfileConfig {
  readonly id: ProfileId;
  readonly members: readonly ModelId[];
  /** Members listen on the same address: they cannot run together, and are asked for one at a time. */
  readonly takesTurns?: true;
}

export interface ModelConfig {
  readonly id: ModelId;
  readonly name: string;
  readonly description: string;
  /** The command as written, macros expanded: for people to read, never to run. */
  readonly cmd: string;
  readonly argv: readonly string[];
  /** Run instead of SIGTERM; `${PID}` is still in it. */
  readonly stopArgv: readonly string[] | null;
  /** Added to the gateway's own environment, last wins. */
  readonly env: Readonly<Record<string, string>>;
  readonly upstream: UpstreamConfig;
  /** Path (and query) asked for health, or null to take a running process for ready. */
  readonly checkEndpoint: string | null;
  readonly healthTimeoutMs: number;
  /** 0 = never. */
  readonly ttlMs: number;
  readonly stopTimeoutMs: number;
  readonly aliases: readonly string[];
  readonly unlisted: boolean;
  /** The `model` sent upstream in place of the one asked for. */
  readonly useModelName: string | null;
  /** Requests for this model at a time, waiting ones included; null = no limit but the queue's. */
  readonly concurrencyLimit: number | null;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly timeouts: UpstreamTimeouts;
}

export interface UpstreamConfig {
  /** The `proxy` URL as text. */
  readonly url: string;
  readonly protocol: 'http:' | 'https:';
  /** Without brackets for IPv6. */
  readonly hostname: string;
  readonly port: number;
  /** Base path joined before the path of each request, without a trailing slash; '' when there is none. */
  readonly basePath: string;
}

/** 0 = no limit. */
export interface UpstreamTimeouts {
  readonly connectMs: number;
  readonly keepAliveMs: number;
  readonly responseHeaderMs: number;
  readonly idleConnectionMs: number;
}
