import type { Actor } from 'xstate';
import { isStuck } from '../../machines/model/failures.ts';
import type { OrchestratorMachine } from '../../machines/orchestrator/machine.ts';
import { modelsOf } from '../../machines/orchestrator/state.ts';
import type { Topology } from '../../machines/orchestrator/types.ts';
import type { Failure } from '../../machines/shared/failure.ts';
import type { ModelId, UnitId } from '../../machines/shared/ids.ts';
import { GatewayError } from '../errors.ts';
import type { Desk } from './lease.ts';

/** What an operator may ask for, beside serving requests. */
export interface Control {
  /**
   * Stops models whether or not they serve; resolves when each of their processes is gone.
   *
   * @throws GatewayError when the others are, and one of them outlives SIGKILL.
   */
  unload(models: 'all' | readonly ModelId[]): Promise<void>;
  /**
   * Resolves when everything the unit needs is ready. Skips the cool-down after a failure.
   *
   * @param patience `patient` waits until nobody uses or wants the models in its way
   * @throws GatewayError when it cannot become ready.
   */
  load(unit: UnitId, signal?: AbortSignal, patience?: 'patient'): Promise<void>;
}

/** @param topology the present one; it is replaced when the configuration is read again */
export function createControl(orchestrator: Actor<OrchestratorMachine>, topology: () => Topology, desk: Desk): Control {
  return {
    unload(models) {
      const remaining = new Set(models === 'all' ? topology().models.keys() : models);
      if (remaining.size === 0) return Promise.resolve();
      return new Promise((resolve, reject) => {
        let stuck: Failure | null = null;
        // A model answers a stop with a report in any case, so nobody needs to look at what it is now. It is gone when
        // it says so, or when it starts again for somebody who asked since.
        const subscription = orchestrator.on('model.changed', ({ report }) => {
          const isEnded = report.phase === 'stopped' || report.phase === 'starting' || isStuck(report);
          if (!isEnded || !remaining.delete(report.model)) return;
          if (isStuck(report)) stuck = report.failure;
          if (remaining.size > 0) return;
          subscription.unsubscribe();
          if (stuck === null) resolve();
          else reject(new GatewayError('model_stop_failed', stuck.message, { failure: stuck }));
        });
        orchestrator.send({ type: 'unload.requested', models: [...remaining], at: Date.now() });
      });
    },

    async load(unit, signal = new AbortController().signal, patience) {
      const [model] = modelsOf(topology(), unit);
      if (model === undefined) throw new GatewayError('model_not_found', `${unit} cannot be loaded as a whole`);
      const lease = await desk.acquire({ unit, model }, signal, { force: true, patient: patience === 'patient' });
      lease.release();
    },
  };
}
