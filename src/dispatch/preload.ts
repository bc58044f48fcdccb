import { modelActorId } from '../../machines/shared/ids.ts';
import type { ModelId } from '../../machines/shared/ids.ts';
import type { Control } from './control.ts';

interface PreloadLog {
  info(message: string): void;
  error(message: string): void;
}

/**
 * Loads models one after the other; of those that cannot be resident together the last one stays. One that fails is
 * reported, and the next one is loaded. Ready means that its health endpoint says so: nothing is asked of the model.
 *
 * @param signal Ends it before the next model, and withdraws the request for the present one.
 */
export async function preload(
  models: readonly ModelId[],
  control: Pick<Control, 'load'>,
  log: PreloadLog,
  signal: AbortSignal,
): Promise<void> {
  for (const model of models) {
    if (signal.aborted) return;
    try {
      await control.load(modelActorId(model), signal);
      log.info(`preload: ${model} is ready`);
    } catch (error) {
      if (signal.aborted) return;
      log.error(`preload: ${model} could not be loaded: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
