/** `${name}`: in place of a number or boolean, the whole text must be one macro. */
type MacroReference = `\${${string}}`;

type MacroValue = string | number | boolean;

/**
 * A configuration as a plain object, with the keys and units (seconds) of the YAML file. `Ref` is what may stand for a
 * number or boolean besides one; the loader itself works with none, after all macros are expanded.
 */
export interface ConfigInput<Ref = MacroReference> {
  readonly models?: Readonly<Record<string, ModelInput<Ref>>>;
  readonly healthCheckTimeout?: number | Ref;
  readonly startPort?: number | Ref;
  readonly globalTTL?: number | Ref;
  readonly unloadTimeout?: number | Ref;
  readonly liveness?: LivenessInput<Ref>;
  readonly sendLoadingState?: boolean | Ref;
  readonly includeAliasesInList?: boolean | Ref;
  readonly macros?: Readonly<Record<string, MacroValue>>;
  readonly apiKeys?: readonly (string | KeyInput<Ref>)[];
  readonly hooks?: { readonly on_startup?: { readonly preload?: readonly string[] } };
  /** Where old files have what now stands in `routing`. */
  readonly groups?: Readonly<Record<string, GroupInput<Ref>>>;
  readonly matrix?: MatrixInput<Ref>;
  readonly routing?: RoutingInput<Ref>;
  readonly profiles?: Readonly<Record<string, readonly string[] | PinsInput>>;
  readonly selectors?: Readonly<Record<string, SelectorInput<Ref>>>;
  readonly peers?: Readonly<Record<string, PeerInput<Ref>>>;
  readonly scheduler?: { readonly maxWait?: number | Ref; readonly maxQueue?: number | Ref };
  readonly server?: {
    readonly maxBodySize?: number | Ref;
    readonly cors?: { readonly origins?: readonly string[] };
  };
  readonly upstream?: { readonly ignorePaths?: readonly string[] };
  readonly logLevel?: string;
  readonly logTimeFormat?: string;
  readonly logToStdout?: string;
  readonly logRequests?: boolean | Ref;
  readonly metricsMaxInMemory?: number | Ref;
  readonly captureBuffer?: number | Ref;
  readonly store?: { readonly path: string; readonly maxAge?: number | Ref; readonly maxRows?: number | Ref };
  readonly ui?: { readonly activity?: { readonly session_id?: readonly string[] } };
  readonly performance?: { readonly disabled?: boolean | Ref; readonly every?: string };
}

export interface KeyInput<Ref = MacroReference> {
  readonly key: string;
  readonly name?: string;
  readonly models?: readonly string[];
  readonly concurrencyLimit?: number | Ref;
  readonly admin?: boolean | Ref;
}

export interface LivenessInput<Ref = MacroReference> {
  readonly every?: number | Ref;
  readonly timeout?: number | Ref;
  readonly stall?: number | Ref;
}

export interface GroupInput<Ref = MacroReference> {
  readonly swap?: boolean | Ref;
  readonly exclusive?: boolean | Ref;
  readonly persistent?: boolean | Ref;
  readonly members?: readonly string[];
}

export interface MatrixInput<Ref = MacroReference> {
  readonly vars?: Readonly<Record<string, string>>;
  readonly evict_costs?: Readonly<Record<string, number | Ref>>;
  readonly sets?: Readonly<Record<string, string>>;
}

export interface RoutingInput<Ref = MacroReference> {
  readonly scheduler?: {
    readonly use?: string;
    readonly settings?: { readonly fifo?: { readonly priority?: Readonly<Record<string, number | Ref>> } };
  };
  readonly router?: {
    readonly use?: string;
    readonly settings?: {
      readonly groups?: Readonly<Record<string, GroupInput<Ref>>>;
      readonly matrix?: MatrixInput<Ref>;
    };
  };
}

export interface PinsInput {
  readonly description?: string;
  readonly pins: Readonly<Record<string, string | null>>;
}

export interface SelectorInput<Ref = MacroReference> {
  readonly strategy: string;
  readonly targets: readonly string[];
  readonly settings?: { readonly spillover?: number | Ref };
  readonly name?: string;
  readonly description?: string;
  readonly unlisted?: boolean | Ref;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

export interface PeerInput<Ref = MacroReference> {
  readonly proxy: string;
  /** May be left out with `discover`. */
  readonly models?: readonly string[];
  readonly discover?: boolean | Ref;
  readonly apiKey?: string;
  readonly filters?: FiltersInput;
  readonly timeouts?: TimeoutsInput<Ref>;
}

interface FiltersInput {
  readonly stripParams?: string;
  readonly setParams?: Readonly<Record<string, unknown>>;
  readonly setParamsByID?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

export interface ModelInput<Ref = MacroReference> {
  readonly cmd: string;
  readonly cmdStop?: string;
  readonly proxy?: string;
  readonly aliases?: readonly string[];
  readonly env?: readonly string[];
  readonly checkEndpoint?: string;
  readonly ttl?: number | Ref;
  readonly unloadTimeout?: number | Ref;
  readonly healthCheckTimeout?: number | Ref;
  readonly unlisted?: boolean | Ref;
  readonly useModelName?: string;
  readonly name?: string;
  readonly description?: string;
  readonly concurrencyLimit?: number | Ref;
  readonly liveness?: LivenessInput<Ref>;
  readonly sendLoadingState?: boolean | Ref;
  readonly filters?: FiltersInput & { readonly strip_params?: string };
  readonly capabilities?: {
    readonly in?: readonly string[];
    readonly out?: readonly string[];
    readonly tools?: boolean | Ref;
    readonly reranker?: boolean | Ref;
    readonly context?: number | Ref;
  };
  readonly compat?: { readonly ignoreWebsockets?: boolean | Ref };
  readonly macros?: Readonly<Record<string, MacroValue>>;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly timeouts?: TimeoutsInput<Ref>;
}

export interface TimeoutsInput<Ref = MacroReference> {
  readonly connect?: number | Ref;
  readonly tlsHandshake?: number | Ref;
  readonly keepalive?: number | Ref;
  readonly responseHeader?: number | Ref;
  readonly idleConn?: number | Ref;
}
