import { setTimeout as pause } from 'node:timers/promises';
import { fromPromise } from 'xstate';
import type { ProbeInput } from '../../machines/model/types.ts';
import type { LivenessConfig } from '../config/types.ts';
import { askHealth } from './ask-health.ts';
import type { ModelRegistry } from './model-registry.ts';

/**
 * Watches over a ready model, where its configuration asks for that: resolves when its health endpoint has not answered
 * in time. Any answer will do, since a server that says "busy" is alive; a server whose process has ended is the
 * runner's affair. Aborted when the model leaves `ready`.
 */
export function createWatchdog(registry: ModelRegistry, livenessOf: (model: string) => LivenessConfig | null) {
  return fromPromise<{ at: number }, ProbeInput>(async ({ input: { model }, signal }) => {
    const liveness = livenessOf(model);
    if (liveness === null) return forever(signal);
    for (;;) {
      await pause(liveness.everyMs, undefined, { signal, ref: false });
      const { timedOut } = await askHealth(registry.runningSpec(model), liveness.timeoutMs, signal);
      signal.throwIfAborted();
      if (timedOut) return { at: Date.now() };
    }
  });
}

function forever(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}
