import type { PolicyRules } from '../../machines/orchestrator/policies/policy.ts';
import type { ModelId, ProfileId } from '../../machines/shared/ids.ts';

/** The name of a peer as the configuration spells it. */
export type PeerId = string;

/**
 * The configuration as the rest of the program sees it: validated, macros expanded, defaults filled in, frozen.
 * Milliseconds end in `Ms`; YAML uses seconds.
 */
export interface Config {
  readonly models: ReadonlyMap<ModelId, ModelConfig>;
  /** Every alias → the id of its model; the keys of `filters.setParamsByID` are aliases as well. */
  readonly aliases: ReadonlyMap<string, ModelId>;
  /** List-shaped profiles: models that load, stay and unload together. */
  readonly profiles: ReadonlyMap<ProfileId, ProfileConfig>;
  /** Mapping-shaped profiles: names that lead elsewhere while the profile is switched on. No name is in `profiles` too. */
  readonly pins: ReadonlyMap<string, PinsConfig>;
  /** Virtual models, by the name that clients ask for. Never the name of a model, an alias or `peer/model`. */
  readonly selectors: ReadonlyMap<string, SelectorConfig>;
  /** Other servers. `peer/model` always leads there; a bare model name only if exactly one peer has it. */
  readonly peers: ReadonlyMap<PeerId, PeerConfig>;
  /** Which models may be loaded at the same time. */
  readonly routing: PolicyRules;
  /** Models to load when the gateway starts, in order, each once. */
  readonly preload: readonly ModelId[];
  readonly scheduler: SchedulerConfig;
  readonly server: ServerConfig;
  readonly auth: AuthConfig;
  readonly cors: CorsConfig;
  readonly activity: ActivityConfig;
  readonly performance: PerformanceConfig;
  /** One record per alias in /v1/models, besides those of the models. */
  readonly includeAliasesInList: boolean;
  /**
   * Sources for `new RegExp(source, 'u')`, searched (not anchored) in the path after the model name of `/upstream/…`:
   * such requests do not load a model. Empty = every request does.
   */
  readonly upstreamIgnorePaths: readonly string[];
  readonly logLevel: LogLevel;
  /** One line per HTTP request in the gateway's own log. */
  readonly logRequests: boolean;
  /** What goes to standard output, and into the combined history. */
  readonly logToStdout: LogToStdout;
  /** The form of the time before each line of the log; null = no time. */
  readonly logTimeFormat: LogTimeFormat | null;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type LogToStdout = 'proxy' | 'upstream' | 'both' | 'none';
/** Names of Go's layouts, in lower case. */
export type LogTimeFormat =
  | 'ansic'
  | 'unixdate'
  | 'rubydate'
  | 'rfc822'
  | 'rfc822z'
  | 'rfc850'
  | 'rfc1123'
  | 'rfc1123z'
  | 'rfc3339'
  | 'rfc3339nano'
  | 'kitchen'
  | 'stamp'
  | 'stampmilli'
  | 'stampmicro'
  | 'stampnano';

export interface AuthConfig {
  /** Each `key` once. Empty = nobody is asked for a key. */
  readonly keys: readonly KeyConfig[];
}

/** A key of a client and what may be done with it. */
export interface KeyConfig {
  /** The secret itself: not for errors, logs or listings. */
  readonly key: string;
  /** For people; each once, and never a part of the key. null for a key that is written as nothing but itself. */
  readonly name: string | null;
  /** null = every model. */
  readonly allowed: AllowedConfig | null;
  /** May look after the gateway: see and change what concerns everybody. */
  readonly isAdmin: boolean;
  /** Requests for models at a time, waiting ones included; null = no limit. */
  readonly concurrencyLimit: number | null;
}

/** What a key may be used for; nothing else is. */
export interface AllowedConfig {
  readonly models: readonly ModelId[];
  /** As `peer/model`. A peer with `discover` need not have it yet. */
  readonly peerModels: readonly string[];
  /** Peers all of whose models it may be used for, whichever are discovered there. */
  readonly peers: readonly PeerId[];
  /** Selectors that are named themselves: through them all of their targets may be used. */
  readonly selectors: readonly string[];
}

export interface CorsConfig {
  /** Origins whose pages may read every answer, such as `https://chat.example`; `*` = all. */
  readonly origins: readonly string[];
}

export interface ActivityConfig {
  /** Rows kept when there is no `storePath`; 1 or more. */
  readonly maxInMemory: number;
  /** The SQLite file, as written; null = in memory. */
  readonly storePath: string | null;
  /** What is deleted from the file. */
  readonly retention: RetentionConfig;
  /** Room for compressed captures of requests, in memory or in the file, in bytes; 0 = none are made. */
  readonly captureBytes: number;
  /** Request headers that may hold the id of a session, as spelled; the first one present counts. */
  readonly sessionHeaders: readonly string[];
}

interface RetentionConfig {
  /** Older rows go; 0 = rows of any age stay. May be longer than a timer can run. */
  readonly maxAgeMs: number;
  /** The oldest rows beyond this number go; 0 = no limit. */
  readonly maxRows: number;
}

export interface PerformanceConfig {
  readonly disabled: boolean;
  /** Between two samples. */
  readonly everyMs: number;
}

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

/** A profile that is switched on and off while the gateway runs. */
export interface PinsConfig {
  readonly id: string;
  readonly description: string;
  /** Public name → the name it stands for (model, alias, peer model or selector; never a pin), null = switched off. */
  readonly pins: ReadonlyMap<string, string | null>;
}

export interface SelectorConfig {
  readonly id: string;
  readonly strategy: 'warm' | 'pin' | 'spillover';
  /** In the order of preference; one or more. */
  readonly targets: readonly SelectorTarget[];
  /** Requests on each busy target before a cold one is started; 1 or more. */
  readonly spillover: number;
  readonly name: string;
  readonly description: string;
  readonly unlisted: boolean;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** `name` is the target as written: an alias stays one, so that its `setParamsById` apply. */
export type SelectorTarget =
  | { readonly kind: 'model'; readonly model: ModelId; readonly name: string }
  /** `model` is the name that the peer knows. */
  | { readonly kind: 'peer'; readonly peer: PeerId; readonly model: string; readonly name: string };

export interface PeerConfig {
  readonly id: PeerId;
  readonly upstream: UpstreamConfig;
  /** Names that the peer knows, each once. */
  readonly models: readonly string[];
  /** Whether the models that the peer lists count, too. */
  readonly discover: boolean;
  /** Sent as `Authorization: Bearer …` and `x-api-key`. */
  readonly apiKey: string | null;
  readonly filters: FiltersConfig;
  readonly timeouts: UpstreamTimeouts;
}

/** Changes to a JSON request body, in this order. The names are sjson paths; `model` is never among them. */
export interface FiltersConfig {
  /** To take out: sorted, each once. */
  readonly stripParams: readonly string[];
  /** To set. Integers beyond 2^53 are of the type bigint. */
  readonly setParams: Readonly<Record<string, unknown>>;
  /** To set when the request came for this name. */
  readonly setParamsById: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

export type Modality = 'text' | 'audio' | 'image';

/** What a model can take in and give out, for /v1/models. */
export interface CapabilitiesConfig {
  readonly in: readonly Modality[];
  readonly out: readonly Modality[];
  readonly tools: boolean;
  readonly reranker: boolean;
  /** Tokens; 0 = not said. */
  readonly context: number;
}

/** Asking a ready model whether it is still alive. */
export interface LivenessConfig {
  /** From one answer to the next question; 0 = it is not asked without a reason. */
  readonly everyMs: number;
  /** Without an answer for this long the model counts as hung. */
  readonly timeoutMs: number;
  /** An answer to a request that says nothing for this long is cut, and a reason to ask; 0 = it may take its time. */
  readonly stallMs: number;
}

export interface ModelConfig {
  readonly id: ModelId;
  readonly name: string;
  readonly description: string;
  /** The command as written, macros expanded: for people to read, never to run. */
  readonly cmd: string;
  readonly argv: readonly string[];
  /** Its server is no child of this command, and can outlive it. */
  readonly isContainer: boolean;
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
  /** Waiting requests for a model with a higher number go first. */
  readonly priority: number;
  readonly filters: FiltersConfig;
  /** Tell streaming clients about the loading while they wait. */
  readonly sendLoadingState: boolean;
  /** null = nothing is said about them. */
  readonly capabilities: CapabilitiesConfig | null;
  /** Open WebSockets keep the model neither loaded nor busy. */
  readonly ignoresWebsockets: boolean;
  /** null = a ready model is not watched over. */
  readonly liveness: LivenessConfig | null;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly timeouts: UpstreamTimeouts;
}

export interface UpstreamConfig {
  /** The `proxy` URL as text, without what is not used of it, such as a password: it is shown. */
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
  /** From the open connection to the end of the handshake, for https. */
  readonly tlsHandshakeMs: number;
  readonly keepAliveMs: number;
  readonly responseHeaderMs: number;
  readonly idleConnectionMs: number;
}
