import { fromPromise, type PromiseActorLogic } from 'xstate';
import type { ProbeInput } from '../../machines/model/types.ts';
import type { ModelId } from '../../machines/shared/ids.ts';
import type { LivenessConfig } from '../config/types.ts';
import { askHealth } from './ask-health.ts';
import type { ModelRegistry } from './model-registry.ts';

/** Those who watch over ready models. */
export interface Watchdogs {
  /**
   * Resolves when the health endpoint of a model has not answered in time. Any answer will do, since a server that says
   * "busy" is alive; a server whose process has ended is the runner's affair. Aborted when the model leaves `ready`.
   */
  readonly actor: PromiseActorLogic<{ at: number }, ProbeInput>;
  /** There is a reason to ask a model at once. Nothing happens where it is being asked, or there is nothing to ask. */
  doubt(model: ModelId): void;
  /** The configuration has changed: the time until the next question counts anew. */
  reread(): void;
}

/** One of them between two questions. */
interface Rest {
  end(): void;
  renew(): void;
}

/**
 * INVARIANT: a model is asked one question at a time, and not at all while nothing is configured for it.
 *
 * @param livenessOf as configured now
 */
export function createWatchdogs(
  registry: ModelRegistry,
  livenessOf: (model: ModelId) => LivenessConfig | null,
): Watchdogs {
  const resting = new Map<ModelId, Rest>();

  /** Resolves when the model is to be asked. */
  function rest(model: ModelId, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | null = null;
      const own: Rest = {
        end() {
          stop();
          resolve();
        },
        renew() {
          if (timer !== null) clearTimeout(timer);
          const everyMs = livenessOf(model)?.everyMs ?? 0;
          timer = everyMs === 0 ? null : setTimeout(own.end, everyMs).unref();
        },
      };
      const onAbort = (): void => {
        stop();
        reject(signal.reason as Error);
      };
      function stop(): void {
        if (timer !== null) clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        if (resting.get(model) === own) resting.delete(model);
      }
      if (signal.aborted) return onAbort();
      signal.addEventListener('abort', onAbort, { once: true });
      resting.set(model, own);
      own.renew();
    });
  }

  return {
    actor: fromPromise<{ at: number }, ProbeInput>(async ({ input: { model }, signal }) => {
      for (;;) {
        await rest(model, signal);
        const spec = registry.runningSpec(model);
        const liveness = livenessOf(model);
        if (liveness === null || spec.checkEndpoint === null) continue;
        const { timedOut } = await askHealth(spec, liveness.timeoutMs, signal);
        signal.throwIfAborted();
        if (timedOut) return { at: Date.now() };
      }
    }),
    doubt: (model) => resting.get(model)?.end(),
    reread() {
      for (const each of resting.values()) each.renew();
    },
  };
}
