import { parseConfig, type LoadedConfig, type ParseOptions } from '../../../src/config/load.ts';
import { ConfigError, type Problem } from '../../../src/config/problems.ts';
import type { ConfigInput } from '../../../src/config/input.ts';
import type { ModelConfig } from '../../../src/config/types.ts';

/** No test may depend on the environment or the operating system it runs on. */
const FIXED: ParseOptions = { file: 'config.yaml', env: {}, platform: 'linux' };

export function load(source: string | ConfigInput, options: ParseOptions = {}): Promise<LoadedConfig> {
  return parseConfig(source, { ...FIXED, ...options });
}

/** The single model of a configuration, or the one with the given id. */
export async function loadModel(
  source: string | ConfigInput,
  id?: string,
  options: ParseOptions = {},
): Promise<ModelConfig> {
  const { config } = await load(source, options);
  const model = id === undefined ? [...config.models.values()][0] : config.models.get(id);
  if (model === undefined) throw new Error(`there is no model ${id}`);
  return model;
}

/** Everything that is reported: the problems of a refused configuration, else the warnings. */
export async function problemsOf(
  source: string | ConfigInput,
  options: ParseOptions = {},
): Promise<readonly Problem[]> {
  try {
    return (await load(source, options)).warnings;
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

/** Each problem in one line, without file and hint: `error 3:5 models.a.ttl: must be …`. */
export async function summaryOf(source: string | ConfigInput, options: ParseOptions = {}): Promise<string[]> {
  return (await problemsOf(source, options)).map(
    ({ severity, line, column, path, message }) => `${severity} ${line}:${column} ${path}: ${message}`,
  );
}

/** The errors alone, as `path: message`. */
export async function errorsOf(source: string | ConfigInput, options: ParseOptions = {}): Promise<string[]> {
  const problems = await problemsOf(source, options);
  return problems.filter(({ severity }) => severity === 'error').map(({ path, message }) => `${path}: ${message}`);
}

/** The warnings alone, as `path: message; hint`. */
export async function warningsOf(source: string | ConfigInput, options: ParseOptions = {}): Promise<string[]> {
  const problems = await problemsOf(source, options);
  return problems
    .filter(({ severity }) => severity === 'warning')
    .map(({ path, message, hint }) => `${path}: ${message}; ${hint}`);
}
