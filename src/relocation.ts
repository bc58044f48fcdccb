import type { ModelId } from '../machines/shared/ids.ts';
import type { LoadedConfig } from './config/load.ts';
import { ConfigError } from './config/problems.ts';
import type { InTurn } from './turns.ts';

export interface RelocationParts {
  /** Lets nobody else change the configuration meanwhile. */
  readonly inTurn: InTurn;
  /** The configuration in force. */
  readonly loaded: () => LoadedConfig;
  /** Whether a process of the model runs. */
  readonly runs: (model: ModelId) => boolean;
  /** Goes on with a configuration. */
  readonly adopt: (next: LoadedConfig) => void;
  readonly warn: (message: string) => void;
}

/**
 * Gives a model that does not run another port, where its own was taken after it had been given out.
 *
 * @param taken the port that somebody else was found on
 * @returns whether the model has another one now: an address that is written in the configuration stays.
 */
export type Relocate = (model: ModelId, taken: number) => Promise<boolean>;

export function createRelocation({ inTurn, loaded, runs, adopt, warn }: RelocationParts): Relocate {
  async function relocate(model: ModelId, taken: number): Promise<boolean> {
    const before = loaded();
    // Whoever was before in turn may have moved this one, too.
    if (portIn(before, model) !== taken) return portIn(before, model) !== null;
    const next = await again(before, runs);
    const to = next && portIn(next, model);
    if (next === null || to === null || to === taken) return false;
    adopt(next);
    warn(`${model}: somebody else listens on port ${taken}; it will listen on ${to}`);
    return true;
  }

  return (model, taken) => inTurn(() => relocate(model, taken));
}

/** Where the model listens, if that was for the gateway to say. */
function portIn({ config, ports }: LoadedConfig, model: ModelId): number | null {
  const port = config.models.get(model)?.upstream.port;
  return port !== undefined && ports.get(model) === port ? port : null;
}

/** Null where no port is left. */
async function again(loaded: LoadedConfig, runs: (model: ModelId) => boolean): Promise<LoadedConfig | null> {
  try {
    return await loaded.again(runs);
  } catch (error) {
    if (error instanceof ConfigError) return null;
    throw error;
  }
}
