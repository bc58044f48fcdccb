import { conform } from './conform.ts';
import { dropEmptyItems } from './empty-items.ts';
import { substituteEnv, type Environment } from './env.ts';
import { expandModels } from './expand-models.ts';
import { expandTopLevel } from './expand.ts';
import { deepFreeze } from './freeze.ts';
import { fromObject } from './from-object.ts';
import type { ConfigInput } from './input.ts';
import { declareMacros } from './macros.ts';
import { mergeTrees } from './merge.ts';
import { normalise } from './normalise.ts';
import type { IsPortFree } from './ports.ts';
import { ConfigError, type KeyPath, ProblemLog, type Place, type Problem } from './problems.ts';
import { readTextFile } from './read-file.ts';
import { reportOn } from './report.ts';
import { configSchema } from './schema.ts';
import { configFiles, type ConfigSources } from './sources.ts';
import { child, isNull, mapping, type MappingNode } from './tree.ts';
import type { Config } from './types.ts';
import { validate } from './validate.ts';
import { parseYaml } from './yaml.ts';

export interface ParseOptions {
  /** Name used in problems; default `config`. */
  readonly file?: string;
  /** What `${env.NAME}` means; default the environment of this process. */
  readonly env?: Environment;
  /** Ports for `${PORT}` that are not free are passed over; by default none is asked about. */
  readonly isPortFree?: IsPortFree;
  /** Ports that models have had before this reading, by model; they keep those that nobody else has taken. */
  readonly keptPorts?: ReadonlyMap<string, number>;
  /** Whether a process of the model runs, and so holds the port that it has had; by default none does. */
  readonly runs?: (model: string) => boolean;
  /** Shortest healthCheckTimeout, in seconds; default 15. Scripted tests may want it shorter. */
  readonly minHealthCheckTimeout?: number;
  /** Decides how commands are split and what `cmdStop` is by default. */
  readonly platform?: NodeJS.Platform;
}

export interface LoadedConfig {
  /** Deeply frozen. */
  readonly config: Config;
  readonly warnings: readonly Problem[];
  /** What was given out for `${PORT}`, by model. */
  readonly ports: ReadonlyMap<string, number>;
  /**
   * The same once more, without a look at the files: only what somebody else has taken of the ports is replaced.
   *
   * @throws ConfigError when no port is left
   */
  again(runs: (model: string) => boolean): Promise<LoadedConfig>;
  /** For what only shows when a value is put to use: an error that says where the value stands. */
  refusal(path: KeyPath, message: string, hint: string): ConfigError;
}

const DEFAULT_MIN_HEALTH_TIMEOUT = 15;

/**
 * Loads a configuration file.
 *
 * @throws ConfigError with every problem found
 */
export function loadConfigFile(path: string, options: ParseOptions = {}): Promise<LoadedConfig> {
  return loadConfig({ file: path }, options);
}

/**
 * Loads a configuration from a file, from all YAML files of a directory, or from both. Files are put together before
 * anything but the environment is looked at: macros of one work in the others.
 *
 * @throws ConfigError with every problem found
 */
export async function loadConfig(sources: ConfigSources, options: ParseOptions = {}): Promise<LoadedConfig> {
  const problems = new ProblemLog();
  const trees: MappingNode[] = [];
  for (const path of await configFiles(sources, problems)) {
    const text = await readTextFile(path, problems);
    if (text === null) continue;
    const file = path === sources.file ? (options.file ?? path) : path;
    const root = parseSource(text, file, problems);
    // An anchor, a comment and nothing else: what a file does not say needs no place.
    if (root !== null && (root.entries.size > 0 || sources.directory === undefined)) trees.push(root);
  }
  if (problems.hasErrors) throw new ConfigError(problems.all);
  const file = options.file ?? sources.file ?? sources.directory ?? '';
  return finish(trees, file, options, problems);
}

/**
 * Loads a configuration from YAML text, or from a plain object with the same keys (problems then have no positions).
 *
 * @throws ConfigError with every problem found
 */
export async function parseConfig(source: string | ConfigInput, options: ParseOptions = {}): Promise<LoadedConfig> {
  const problems = new ProblemLog();
  const file = options.file ?? 'config';
  const root = parseSource(source, file, problems);
  if (root === null) throw new ConfigError(problems.all);
  return finish([root], file, options, problems);
}

/** Null where there is no usable tree; then there is a problem. */
function parseSource(source: string | ConfigInput, file: string, problems: ProblemLog): MappingNode | null {
  const before = problems.errorCount;
  const start: Place = { file, line: null, column: null };
  const node = typeof source === 'string' ? parseYaml(source, file, problems) : fromObject(source, start, problems);
  if (problems.errorCount > before) return null;
  if (node?.kind === 'mapping') return node;
  const isEmpty = node === null || (node.kind === 'list' && node.items.length === 0) || isNull(node);
  if (isEmpty) return mapping([], start);
  const hint = 'start with "models:"';
  problems.error(node.place, [], 'the top level must be a mapping of keys to values', hint);
  return null;
}

/** The stages: trees → environment → one tree → macros → ports → plain value → schema → defaults and checks → Config. */
async function finish(
  trees: readonly MappingNode[],
  file: string,
  options: ParseOptions,
  problems: ProblemLog,
): Promise<LoadedConfig> {
  const withEnv = trees.map((tree) => substituteEnv(tree, options.env ?? process.env, problems) as MappingNode);
  const before = problems.errorCount;
  const root = mergeTrees(withEnv, problems) ?? mapping([], { file, line: null, column: null });
  // Which of two values is meant is not known: whatever else would be found may only follow from the wrong one.
  if (problems.errorCount > before) throw new ConfigError(problems.all);
  const globals = declareMacros(child(root, 'macros'), ['macros'], problems);
  const topLevel = expandTopLevel(root, globals, problems);
  const { isPortFree = () => true, keptPorts = new Map<string, number>(), runs = () => false } = options;
  const expanded = await expandModels(topLevel, globals, { isPortFree, kept: keptPorts, runs }, problems);
  const { ports } = expanded;
  const tree = dropEmptyItems(expanded.root, [], problems);
  const value = conform(tree, configSchema, [], problems);
  await validate(value, tree, problems);
  const config = normalise(
    value as ConfigInput<never>,
    tree,
    {
      minHealthCheckTimeout: options.minHealthCheckTimeout ?? DEFAULT_MIN_HEALTH_TIMEOUT,
      platform: options.platform ?? process.platform,
    },
    reportOn(tree, problems),
  );
  if (problems.hasErrors) throw new ConfigError(problems.all);
  const warnings = problems.all;
  return {
    config: deepFreeze(config),
    warnings,
    ports,
    again: (runsNow) => finish(trees, file, { ...options, keptPorts: ports, runs: runsNow }, new ProblemLog()),
    refusal(path, message, hint) {
      reportOn(tree, problems).error(path, message, hint);
      return new ConfigError(problems.all);
    },
  };
}
