import { conform } from './conform.ts';
import { dropEmptyItems } from './empty-items.ts';
import { substituteEnv, type Environment } from './env.ts';
import { expandModel, expandTopLevel, finishModel } from './expand.ts';
import { deepFreeze } from './freeze.ts';
import { fromObject } from './from-object.ts';
import type { ConfigInput } from './input.ts';
import { declareMacros, type Macro } from './macros.ts';
import { normalise } from './normalise.ts';
import { createPortSource, type IsPortFree } from './ports.ts';
import { ConfigError, ProblemLog, type Place, type Problem } from './problems.ts';
import { isOfThisMachine, parseProxyUrl } from './proxy-url.ts';
import { readTextFile } from './read-file.ts';
import { reportOn } from './report.ts';
import { configSchema } from './schema.ts';
import { child, mapping, withChild, type Entry, type MappingNode, type Node } from './tree.ts';
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
  /** Shortest healthCheckTimeout, in seconds; default 15. Scripted tests may want it shorter. */
  readonly minHealthCheckTimeout?: number;
  /** Decides how commands are split and what `cmdStop` is by default. */
  readonly platform?: NodeJS.Platform;
}

export interface LoadedConfig {
  /** Deeply frozen. */
  readonly config: Config;
  readonly warnings: readonly Problem[];
}

const DEFAULT_START_PORT = 5800;
const DEFAULT_MIN_HEALTH_TIMEOUT = 15;

/**
 * Loads a configuration file.
 *
 * @throws ConfigError with every problem found
 */
export async function loadConfigFile(path: string, options: ParseOptions = {}): Promise<LoadedConfig> {
  const file = options.file ?? path;
  const problems = new ProblemLog();
  const text = await readTextFile(path, problems);
  if (text === null) throw new ConfigError(problems.all);
  return parseConfig(text, { ...options, file });
}

/**
 * Loads a configuration from YAML text, or from a plain object with the same keys (problems then have no positions).
 *
 * The stages: text → tree → environment → macros → ports → plain value → schema → defaults and checks → frozen Config.
 *
 * @throws ConfigError with every problem found
 */
export async function parseConfig(source: string | ConfigInput, options: ParseOptions = {}): Promise<LoadedConfig> {
  const problems = new ProblemLog();
  const parsed = parseSource(source, options.file ?? 'config', problems);
  const withEnv = substituteEnv(parsed, options.env ?? process.env, problems) as MappingNode;
  const globals = declareMacros(child(withEnv, 'macros'), ['macros'], problems);
  const topLevel = expandTopLevel(withEnv, globals, problems);
  const expanded = await expandModels(topLevel, globals, options.isPortFree ?? (() => true), problems);
  const tree = dropEmptyItems(expanded, [], problems);
  refuseApiKeys(expanded, problems);
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
  return { config: deepFreeze(config), warnings: problems.all };
}

/** Without a usable tree there is nothing to go on with. */
function parseSource(source: string | ConfigInput, file: string, problems: ProblemLog): MappingNode {
  const start: Place = { file, line: null, column: null };
  const node = typeof source === 'string' ? parseYaml(source, file, problems) : fromObject(source, start, problems);
  const empty = node === null || (node.kind === 'list' && node.items.length === 0) || isEmptyScalar(node);
  if (!empty && node.kind !== 'mapping') {
    problems.error(node.place, [], 'the top level must be a mapping of keys to values', 'start with "models:"');
  }
  if (problems.hasErrors) throw new ConfigError(problems.all);
  return node?.kind === 'mapping' ? node : mapping([], start);
}

function isEmptyScalar(node: Node): boolean {
  return node.kind === 'scalar' && node.value === null;
}

/** Models get their ports in the order of their ids, so that a file always gives the same ports. */
async function expandModels(
  root: MappingNode,
  globals: readonly Macro[],
  isPortFree: IsPortFree,
  problems: ProblemLog,
): Promise<MappingNode> {
  const models = child(root, 'models');
  if (models?.kind !== 'mapping') return root;
  const expanded = new Map([...models.entries].map(([id, entry]) => [id, expandModel(id, entry, globals, problems)]));
  const ports = createPortSource(
    startPortOf(root),
    fixedPorts([...expanded.values()].map(({ node }) => node)),
    isPortFree,
  );
  const finished = new Map<string, Entry>();
  for (const [id, model] of [...expanded].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const place = models.entries.get(id)?.place ?? models.place;
    finished.set(id, { place, value: await finishModel(id, model, place, ports, problems) });
  }
  const inFileOrder = [...expanded.keys()].flatMap((id): [string, Entry][] => {
    const entry = finished.get(id);
    return entry ? [[id, entry]] : [];
  });
  return withChild(root, 'models', mapping(inFileOrder, models.place));
}

/** A wrong startPort is reported by the schema, later. */
function startPortOf(root: Node): number {
  const node = child(root, 'startPort');
  const value = node?.kind === 'scalar' ? node.value : null;
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 ? value : DEFAULT_START_PORT;
}

/** Ports of this machine that models name themselves. */
function fixedPorts(models: readonly Node[]): Set<number> {
  const ports = models.flatMap((model) => {
    const proxy = child(model, 'proxy');
    const parsed = proxy?.kind === 'scalar' ? parseProxyUrl(proxy.text) : null;
    return parsed !== null && 'upstream' in parsed && isOfThisMachine(parsed.upstream) ? [parsed.upstream.port] : [];
  });
  return new Set(ports);
}

/** Starting without the protection that was asked for would be worse than not starting. */
function refuseApiKeys(tree: Node, problems: ProblemLog): void {
  const keys = child(tree, 'apiKeys');
  if (keys === undefined || (keys.kind === 'scalar' && keys.value === null)) return;
  if (keys.kind === 'list' && keys.items.length === 0) return;
  reportOn(tree, problems).error(
    ['apiKeys'],
    'this version cannot check API keys: everybody could use the gateway',
    'take apiKeys out, and let only trusted clients reach the gateway',
  );
}
