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
  readonly logLevel?: string;
  readonly logRequests?: boolean | Ref;
  readonly macros?: Readonly<Record<string, MacroValue>>;
  readonly profiles?: Readonly<Record<string, readonly string[]>>;
  readonly scheduler?: { readonly maxWait?: number | Ref; readonly maxQueue?: number | Ref };
  readonly server?: { readonly maxBodySize?: number | Ref };
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
  readonly macros?: Readonly<Record<string, MacroValue>>;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly timeouts?: TimeoutsInput<Ref>;
}

export interface TimeoutsInput<Ref = MacroReference> {
  readonly connect?: number | Ref;
  readonly keepalive?: number | Ref;
  readonly responseHeader?: number | Ref;
  readonly idleConn?: number | Ref;
}
