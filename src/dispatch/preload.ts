import { modelActorId, type ModelId } from '../../machines/shared/ids.ts';
import type { Config } from '../config/types.ts';
import type { Control } from './control.ts';

interface PreloadLog {
  info(message: string): void;
  error(message: string): void;
}

/**
 * Loads the models of `hooks.on_startup.preload` in the background.
 *
 * INVARIANTS
 * - One at a time, in order; of those that cannot be resident together the last one stays. One that fails is reported, and
 *   the next one is loaded.
 * - No client waits for it: it waits until nobody uses or wants the models in its way.
 * - What one configuration had not come to is left to the next, as far as that wants it.
 */
export interface Preload {
  /** At the start. */
  begin(models: readonly ModelId[]): void;
  /**
   * Goes on with another configuration: with what is new to its list, has been changed, or was not yet loaded. Models
   * that were loaded and have been unloaded since stay so.
   *
   * @param changed the models whose processes make way for a new definition
   */
  adopt(before: Config, after: Config, changed: readonly ModelId[]): void;
}

/**
 * Ready means that the health endpoint of a model says so: nothing else is asked of it.
 *
 * @param closing Ends it.
 */
export function createPreload(control: Pick<Control, 'load'>, log: PreloadLog, closing: AbortSignal): Preload {
  let missing: readonly ModelId[] = [];
  let former = new AbortController();

  async function load(signal: AbortSignal): Promise<void> {
    for (let [model] = missing; model !== undefined; [model] = missing) {
      try {
        await control.load(modelActorId(model), signal, 'patient');
        if (signal.aborted) return;
        log.info(`preload: ${model} is ready`);
      } catch (error) {
        if (signal.aborted) return;
        log.error(`preload: ${model} could not be loaded: ${error instanceof Error ? error.message : String(error)}`);
      }
      missing = missing.slice(1);
    }
  }

  function begin(models: readonly ModelId[]): void {
    former.abort();
    former = new AbortController();
    missing = models;
    void load(AbortSignal.any([closing, former.signal]));
  }

  return {
    begin,
    adopt(before, after, changed) {
      const isDue = (model: ModelId): boolean =>
        missing.includes(model) || changed.includes(model) || !before.preload.includes(model);
      begin(after.preload.filter(isDue));
    },
  };
}
