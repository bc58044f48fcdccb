import { collectAliases } from './aliases.ts';
import { durationMs } from './duration.ts';
import type { ConfigInput } from './input.ts';
import { healthTimeoutMs, modelConfig, type ModelDefaults } from './model-config.ts';
import { profileConfigs } from './profiles.ts';
import type { Report } from './report.ts';
import { child, type Node } from './tree.ts';
import type { Config, LogLevel } from './types.ts';

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
export function normalise(
  raw: ConfigInput<never>,
  tree: Node,
  { minHealthCheckTimeout, platform }: NormaliseOptions,
  report: Report,
): Config {
  const health = raw.healthCheckTimeout ?? DEFAULTS.healthCheckTimeout;
  const defaults: ModelDefaults = {
    healthTimeoutMs: healthTimeoutMs(health, minHealthCheckTimeout, ['healthCheckTimeout'], report),
    minHealthCheckTimeout,
    ttlMs: durationMs(raw.globalTTL ?? DEFAULTS.globalTTL, ['globalTTL'], report),
    stopTimeoutMs: durationMs(raw.unloadTimeout || DEFAULTS.unloadTimeout, ['unloadTimeout'], report),
    platform,
  };
  const modelsNode = child(tree, 'models');
  const models = new Map(
    Object.entries(raw.models ?? {}).map(([id, model]) => {
      const cmd = child(child(modelsNode, id), 'cmd');
      return [id, modelConfig(id, model, cmd?.kind === 'scalar' ? cmd.shown : '', defaults, report)];
    }),
  );
  const declared = new Set(modelsNode?.kind === 'mapping' ? modelsNode.entries.keys() : []);
  if (declared.size === 0) report.warning(['models'], 'there are no models', 'add one under models');
  const aliases = collectAliases(models, report);
  return {
    models,
    aliases,
    pins: new Map(),
    selectors: new Map(),
    peers: new Map(),
    routing: { kind: 'exclusive' },
    preload: [],
    auth: { keys: [] },
    cors: { origins: [] },
    activity: {
      maxInMemory: 1000,
      storePath: null,
      retention: { maxAgeMs: 0, maxRows: 1_000_000 },
      captureBytes: 5 * BYTES_PER_MIB,
      sessionHeaders: ['X-Session-ID', 'X-Litellm-Session-Id'],
    },
    performance: { disabled: false, everyMs: 5000 },
    includeAliasesInList: false,
    upstreamIgnorePaths: ['.*\\.(js|json|css|png|gif|jpg|jpeg|ico|txt)$'],
    logToStdout: 'proxy',
    logTimeFormat: null,
    profiles: profileConfigs(raw.profiles ?? {}, { models, aliases, declared }, report),
    scheduler: {
      maxWaitMs: durationMs(raw.scheduler?.maxWait ?? DEFAULTS.maxWait, ['scheduler', 'maxWait'], report),
      maxQueue: raw.scheduler?.maxQueue ?? DEFAULTS.maxQueue,
    },
    server: { maxBodyBytes: Math.round((raw.server?.maxBodySize ?? DEFAULTS.maxBodySize) * BYTES_PER_MIB) },
    logLevel: (raw.logLevel as LogLevel | undefined) ?? 'info',
    logRequests: raw.logRequests ?? false,
  };
}
