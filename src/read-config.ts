import type { ModelId } from '../machines/shared/ids.ts';
import { loadConfig, type LoadedConfig, parseConfig } from './config/load.ts';
import type { Config } from './config/types.ts';
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

/**
 * Reads a configuration for a gateway that is to run it: ports for `${PORT}` are free.
 *
 * @param former the one that is in force; its models keep their ports
 * @throws ConfigError with every problem
 */
export function readConfig(origin: ConfigOrigin, former: Config | null): Promise<LoadedConfig> {
  const { config, configFile, configDir, minHealthCheckTimeout } = origin;
  const options = {
    isPortFree,
    keptPorts: portsOf(former),
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

function portsOf(config: Config | null): ReadonlyMap<ModelId, number> {
  return new Map([...(config?.models.values() ?? [])].map(({ id, upstream }) => [id, upstream.port]));
}

async function isPortFree(port: number): Promise<boolean> {
  return (await portState('localhost', port)) !== 'taken';
}
