import type { ModelId } from '../../machines/shared/ids.ts';
import type { ModelConfig } from '../config/types.ts';
import type { Upstream } from '../dispatch/lease.ts';
import { loopbackAddresses } from '../process/port.ts';
import { createIncarnation, type Incarnation } from './incarnation.ts';

/** What a runner needs to know of a model. It holds secrets: it never enters a machine, a log or an answer. */
export type LaunchSpec = Pick<
  ModelConfig,
  'id' | 'argv' | 'isContainer' | 'stopArgv' | 'env' | 'upstream' | 'checkEndpoint' | 'timeouts'
>;

/** Which process stands for which model now. */
export interface ModelRegistry {
  /**
   * How the model is started now; a process that runs may have been started differently.
   *
   * @throws Error when no such model is configured: a bug of the caller.
   */
  spec(model: ModelId): LaunchSpec;
  /** The definition that holds for the process that runs, else how one would be started. */
  runningSpec(model: ModelId): LaunchSpec;
  /**
   * A new configuration. What runs is not touched; what does not shape a process (its stop command, say) holds for it from
   * now on, unless it was started by another definition.
   */
  replace(models: ReadonlyMap<ModelId, LaunchSpec>): void;
  current(model: ModelId): Incarnation | null;
  /** Where to forward to; null when no process runs. */
  upstreamOf(model: ModelId): Upstream | null;
  /**
   * A process was spawned.
   *
   * @param spec what it was started by; the present one may be another already
   */
  begin(model: ModelId, pid: number, spec: LaunchSpec): Incarnation;
  /** It ended; ends what is left of its connections. */
  end(model: ModelId, incarnation: Incarnation): void;
  /** The last port that a process of the model was started for; null before the first. */
  lastPort(model: ModelId): number | null;
  /** Another model whose process may hold the address of this one. */
  holderOf(model: ModelId): ModelId | null;
}

/** @param startsAlike whether a process that was started by the one counts as started by the other */
export function createModelRegistry(
  configured: ReadonlyMap<ModelId, LaunchSpec>,
  startsAlike: (running: LaunchSpec, configured: LaunchSpec) => boolean,
): ModelRegistry {
  const running = new Map<ModelId, { readonly incarnation: Incarnation; readonly spec: LaunchSpec }>();
  const lastPorts = new Map<ModelId, number>();
  let models = configured;

  function spec(model: ModelId): LaunchSpec {
    const found = models.get(model);
    if (!found) throw new Error(`no such model: ${model}`);
    return found;
  }

  /** The present definition, if it would have started the same process; else the process's own. */
  function holdsFor(model: ModelId, own: LaunchSpec): LaunchSpec {
    const present = models.get(model);
    return present !== undefined && startsAlike(own, present) ? present : own;
  }

  return {
    spec,
    runningSpec: (model) => running.get(model)?.spec ?? spec(model),
    replace(next) {
      models = next;
      for (const [model, { incarnation, spec }] of running) {
        running.set(model, { incarnation, spec: holdsFor(model, spec) });
      }
    },
    current: (model) => running.get(model)?.incarnation ?? null,
    upstreamOf: (model) => running.get(model)?.incarnation ?? null,
    begin(model, pid, own) {
      const incarnation = createIncarnation(pid, own.upstream, own.timeouts);
      running.set(model, { incarnation, spec: holdsFor(model, own) });
      lastPorts.set(model, own.upstream.port);
      return incarnation;
    },
    end(model, incarnation) {
      incarnation.closeConnections();
      if (running.get(model)?.incarnation === incarnation) running.delete(model);
    },
    lastPort: (model) => lastPorts.get(model) ?? null,
    holderOf(model) {
      const own = spec(model);
      for (const [other, { spec }] of running) if (other !== model && sameAddress(spec, own)) return other;
      return null;
    },
  };
}

/** Whether two models would listen at the same place, whatever they call this machine. */
export function sameAddress({ upstream: a }: LaunchSpec, { upstream: b }: LaunchSpec): boolean {
  if (a.port !== b.port) return false;
  const own = loopbackAddresses(a.hostname);
  const other = loopbackAddresses(b.hostname);
  if (own === null || other === null) return a.hostname === b.hostname;
  return own.some((address) => other.includes(address));
}

/** How a person writes the address of a model. */
export function addressOf({ upstream }: LaunchSpec): string {
  const host = upstream.hostname.includes(':') ? `[${upstream.hostname}]` : upstream.hostname;
  return `${host}:${upstream.port}`;
}
