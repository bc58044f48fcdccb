import type { ModelFacts, ProfileFacts, Topology } from '../../machines/orchestrator/types.ts';
import type { Config, ModelConfig, ProfileConfig } from './types.ts';

/**
 * What the machines get to know of the configuration: names, times and limits. Commands, environments and keys stay
 * here, so that no snapshot can hold one.
 *
 * @param drainTimeoutMs how long a shutdown waits for requests in flight
 */
export function toTopology(config: Config, drainTimeoutMs: number): Topology {
  return {
    policy: config.routing,
    models: new Map([...config.models].map(([id, model]) => [id, toFacts(model)])),
    profiles: new Map(
      [...config.profiles]
        .filter(([, { takesTurns }]) => !takesTurns)
        .map(([id, profile]) => [id, toProfileFacts(profile, config)]),
    ),
    maxWaitMs: config.scheduler.maxWaitMs,
    maxQueue: config.scheduler.maxQueue,
    drainTimeoutMs,
  };
}

function toFacts(model: ModelConfig): ModelFacts {
  const { ttlMs, stopTimeoutMs, healthTimeoutMs, concurrencyLimit, priority } = model;
  return {
    times: { ttlMs, stopTimeoutMs, healthTimeoutMs },
    checksHealth: model.checkEndpoint !== null,
    concurrencyLimit,
    priority,
  };
}

/** A profile stays as long as its most lasting member would; one member without a TTL keeps all of it. */
function toProfileFacts({ members }: ProfileConfig, config: Config): ProfileFacts {
  const ttls = members.map((member) => config.models.get(member)?.ttlMs ?? 0);
  return { members, ttlMs: ttls.includes(0) ? 0 : Math.max(...ttls) };
}
