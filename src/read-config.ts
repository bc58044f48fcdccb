import type { ModelId } from '../machines/shared/ids.ts';
import { loadConfig, type LoadedConfig, parseConfig } from './config/load.ts';
import { portState } from './process/port.ts';

/** Where a configuration comes from. */
export interface ConfigOrigin {
  /** The configuration as an object of the shape that the YAML file has. It comes before the files. */
  readonly config?: object;
  /** Or the path of the file. */
  readonly configFile?: string;
  /** A folder of YAML files, in place of the file or beside it. */
  readonly configDir?: string;
  /** Seconds. Lower than the ordinary 15 only where a test wants a start to fail quickly. */
  readonly minHealthCheckTimeout?: number;
}

/** What holds ports already. */
export interface PortHolders {
  /** The gateway's own port, which is its own before it listens; 0 while it is not known. */
  readonly ownPort: number;
  /** The configuration in force: its models keep their ports, unless somebody else has taken them. */
  readonly former: Pick<LoadedConfig, 'ports'> | null;
  /** Whether a process of the model runs. */
  readonly runs: (model: ModelId) => boolean;
}

/**
 * Reads a configuration for a gateway that is to run it: ports for `${PORT}` are free.
 *
 * @throws ConfigError with every problem
 */
export function readConfig(origin: ConfigOrigin, { ownPort, former, runs }: PortHolders): Promise<LoadedConfig> {
  const { config, configFile, configDir, minHealthCheckTimeout } = origin;
  const options = {
    isPortFree: async (port: number) => port !== ownPort && (await portState('localhost', port)) !== 'taken',
    keptPorts: former?.ports ?? new Map<ModelId, number>(),
    runs,
    ...(minHealthCheckTimeout !== undefined && { minHealthCheckTimeout }),
  };
  if (config !== undefined) return parseConfig(config, options);
  if (configFile === undefined && configDir === undefined) {
    throw new TypeError('createGateway needs `config`, `configFile` or `configDir`');
  }
  const sources = {
    ...(configFile !== undefined && { file: configFile }),
    ...(configDir !== undefined && { directory: configDir }),
  };
  return loadConfig(sources, options);
}
