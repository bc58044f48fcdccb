import type { ConfigSources } from '../config/sources.ts';

/** What a command line says about where the configuration is. */
interface Given {
  readonly configFile: string | null;
  readonly configDir: string | null;
}

export function sourcesOf({ configFile, configDir }: Given): ConfigSources {
  return {
    ...(configFile !== null && { file: configFile }),
    ...(configDir !== null && { directory: configDir }),
  };
}
