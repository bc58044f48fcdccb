import type { ModelId } from '../../machines/shared/ids.ts';
import type { ModelConfig } from '../config/types.ts';
import type { Upstream } from '../dispatch/lease.ts';
import { loopbackAddresses } from '../process/port.ts';
import { createIncarnation, type Incarnation } from './incarnation.ts';

/** What a runner needs to know of a model. It holds secrets: it never enters a machine, a log or an answer. */
export type LaunchSpec = Pick<
  ModelConfig,
  'id' | 'argv' | 'stopArgv' | 'env' | 'upstream' | 'checkEndpoint' | 'timeouts'
>;

/** Which process stands for which model now. */
export interface ModelRegistry {
  /** @throws Error when no such model is configured: a bug of the caller. */
  spec(model: ModelId): LaunchSpec;
  current(model: ModelId): Incarnation | null;
  /** Where to forward to; null when no process runs. */
  upstreamOf(model: ModelId): Upstream | null;
  /** A process was spawned. */
  begin(model: ModelId, pid: number): Incarnation;
  /** It ended; ends what is left of its connections. */
  end(model: ModelId, incarnation: Incarnation): void;
  /** Another model whose process may hold the address of this one. */
  holderOf(model: ModelId): ModelId | null;
}

export function createModelRegistry(models: ReadonlyMap<ModelId, LaunchSpec>): ModelRegistry {
  const running = new Map<ModelId, Incarnation>();

  function spec(model: ModelId): LaunchSpec {
    const found = models.get(model);
    if (!found) throw new Error(`no such model: ${model}`);
    return found;
  }

  return {
    spec,
    current: (model) => running.get(model) ?? null,
    upstreamOf: (model) => running.get(model) ?? null,
    begin(model, pid) {
      const { upstream, timeouts } = spec(model);
      const incarnation = createIncarnation(pid, upstream, timeouts);
      running.set(model, incarnation);
      return incarnation;
    },
    end(model, incarnation) {
      incarnation.closeConnections();
      if (running.get(model) === incarnation) running.delete(model);
    },
    holderOf(model) {
      for (const other of running.keys()) if (other !== model && sameAddress(spec(other), spec(model))) return other;
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
