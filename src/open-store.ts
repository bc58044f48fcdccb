import type { LoadedConfig } from './config/load.ts';
import type { Observation } from './observation.ts';

/** The last thing that can go wrong with a configuration. @throws ConfigError */
export async function openStore(
  observation: Pick<Observation, 'prepare'>,
  { config, refusal }: LoadedConfig,
): Promise<void> {
  try {
    await observation.prepare(config);
  } catch (error) {
    // Without the path, which may come from the environment.
    const { syscall, code, message } = error as NodeJS.ErrnoException;
    const reason = syscall === undefined ? message : (code ?? 'unknown error');
    throw refusal(['store', 'path'], `cannot be used (${reason})`, 'name a new file, or one that a gateway has made');
  }
}
