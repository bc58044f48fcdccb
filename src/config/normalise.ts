import { EXCLUSIVE } from '../../machines/orchestrator/policies/policy.ts';
import { activityConfig } from './activity.ts';
import { collectAliases } from './aliases.ts';
import { authConfig } from './auth.ts';
import { corsConfig } from './cors.ts';
import { durationMs } from './duration.ts';
import { ignorePaths } from './ignore-paths.ts';
import type { ConfigInput, PinsInput } from './input.ts';
import type { KnownModels } from './known-models.ts';
import { healthTimeoutMs, modelConfig, type ModelDefaults } from './model-config.ts';
import { peerNames } from './peer-names.ts';
import { peerConfigs } from './peers.ts';
import { performanceConfig } from './performance.ts';
import { pinsConfigs } from './pins.ts';
import { preloadedModels } from './preload.ts';
import { priorities } from './priorities.ts';
import { profileConfigs } from './profiles.ts';
import type { Report } from './report.ts';
import { checkReservedNames } from './reserved-names.ts';
import { routingRules } from './routing.ts';
import { selectorConfigs } from './selectors.ts';
import { child, type Node } from './tree.ts';
import type { Config, LogLevel, LogTimeFormat, LogToStdout } from './types.ts';

const DEFAULTS = {
  healthCheckTimeout: 120,
  globalTTL: 0,
  unloadTimeout: 10,
  maxWait: 60,
  maxQueue: 1000,
  maxBodySize: 512,
};
const BYTES_PER_MIB = 1_048_576;

export interface NormaliseOptions {
  /** Shortest healthCheckTimeout, in seconds. */
  readonly minHealthCheckTimeout: number;
  readonly platform: NodeJS.Platform;
}

/** Fills in defaults, turns seconds into milliseconds, and checks how the parts fit together. */
export function normalise(raw: ConfigInput<never>, tree: Node, options: NormaliseOptions, report: Report): Config {
  const known = knownModels(raw, tree, options, report);
  return {
    ...modelsByName(raw, tree, known, report),
    preload: preloadedModels(raw.hooks?.on_startup?.preload ?? [], known, report),
    scheduler: {
      maxWaitMs: durationMs(raw.scheduler?.maxWait ?? DEFAULTS.maxWait, ['scheduler', 'maxWait'], report),
      maxQueue: raw.scheduler?.maxQueue ?? DEFAULTS.maxQueue,
    },
    server: { maxBodyBytes: Math.round((raw.server?.maxBodySize ?? DEFAULTS.maxBodySize) * BYTES_PER_MIB) },
    cors: corsConfig(raw.server?.cors?.origins ?? [], report),
    activity: activityConfig(raw, report),
    performance: performanceConfig(raw.performance ?? {}, report),
    includeAliasesInList: raw.includeAliasesInList ?? false,
    upstreamIgnorePaths: ignorePaths(raw.upstream?.ignorePaths, report),
    logLevel: (raw.logLevel as LogLevel | undefined) ?? 'info',
    logRequests: raw.logRequests ?? false,
    logToStdout: (raw.logToStdout as LogToStdout | undefined) ?? 'proxy',
    logTimeFormat: raw.logTimeFormat === 'off' ? null : (raw.logTimeFormat as LogTimeFormat | undefined) || null,
  };
}

function knownModels(
  raw: ConfigInput<never>,
  tree: Node,
  { minHealthCheckTimeout, platform }: NormaliseOptions,
  report: Report,
): KnownModels {
  const health = raw.healthCheckTimeout ?? DEFAULTS.healthCheckTimeout;
  const defaults: ModelDefaults = {
    healthTimeoutMs: healthTimeoutMs(health, minHealthCheckTimeout, ['healthCheckTimeout'], report),
    minHealthCheckTimeout,
    ttlMs: durationMs(raw.globalTTL ?? DEFAULTS.globalTTL, ['globalTTL'], report),
    stopTimeoutMs: durationMs(raw.unloadTimeout || DEFAULTS.unloadTimeout, ['unloadTimeout'], report),
    liveness: raw.liveness ?? {},
    sendLoadingState: raw.sendLoadingState ?? false,
    platform,
  };
  const inputs = raw.models ?? {};
  const node = child(tree, 'models');
  const models = new Map(
    Object.entries(inputs).map(([id, model]) => [id, modelConfig(id, model, child(node, id), defaults, report)]),
  );
  const declared = new Set(node?.kind === 'mapping' ? node.entries.keys() : []);
  return { models, aliases: collectAliases(models, inputs, report), declared };
}

/** Everything that can be asked for by a name, by whom, and who may run with whom. */
function modelsByName(
  raw: ConfigInput<never>,
  tree: Node,
  known: KnownModels,
  report: Report,
): Pick<Config, 'models' | 'aliases' | 'profiles' | 'pins' | 'selectors' | 'peers' | 'routing' | 'auth'> {
  const { aliases } = known;
  const peers = peerConfigs(raw.peers ?? {}, child(tree, 'peers'), report);
  if (known.declared.size === 0 && peers.size === 0)
    report.warning(['models'], 'there are no models', 'add one under models');
  const routing = routingRules(raw, known, report);
  const names = { known, peers: peerNames(peers, report), selectors: new Set(Object.keys(raw.selectors ?? {})) };
  const priority = priorities(raw.routing ?? {}, known, report);
  const byName = {
    models: new Map([...known.models].map(([id, model]) => [id, { ...model, priority: priority.get(id) ?? 0 }])),
    aliases,
    profiles: profileConfigs(lists(raw.profiles ?? {}), known, report),
    pins: pinsConfigs(mappings(raw.profiles ?? {}), names, report),
    selectors: selectorConfigs(raw.selectors ?? {}, names, routing, report),
    peers,
    routing: routing ?? EXCLUSIVE,
  };
  checkReservedNames(byName, names.peers, report);
  const auth = authConfig(raw.apiKeys ?? [], tree, { ...byName, targets: names }, report);
  return { ...byName, auth };
}

type ProfilesInput = NonNullable<ConfigInput['profiles']>;

/** The shape tells the two kinds of profiles apart. */
function lists(profiles: ProfilesInput): Record<string, readonly string[]> {
  return Object.fromEntries(
    Object.entries(profiles).filter((entry): entry is [string, readonly string[]] => isList(entry[1])),
  );
}

function mappings(profiles: ProfilesInput): Record<string, PinsInput> {
  return Object.fromEntries(
    Object.entries(profiles).filter((entry): entry is [string, PinsInput] => !isList(entry[1])),
  );
}

function isList(profile: readonly string[] | PinsInput): profile is readonly string[] {
  return Array.isArray(profile);
}
