import { capabilitiesConfig } from './capabilities.ts';
import { parseCheckEndpoint } from './check-endpoint.ts';
import { hasUnclosedQuote, splitCommand, stripComments } from './command.ts';
import { isContainerClient } from './container-client.ts';
import { durationMs } from './duration.ts';
import { DEFAULT_PROXY } from './expand.ts';
import { filtersConfig } from './filters.ts';
import type { LivenessInput, ModelInput } from './input.ts';
import { livenessConfig, withoutAsking } from './liveness.ts';
import type { KeyPath } from './problems.ts';
import type { Report } from './report.ts';
import { child, type Node } from './tree.ts';
import type { LivenessConfig, ModelConfig, UpstreamConfig } from './types.ts';
import { NO_UPSTREAM, upstreamConfig, upstreamTimeouts } from './upstream.ts';

/** What a model takes over from the top level when it says nothing itself. */
export interface ModelDefaults {
  readonly healthTimeoutMs: number;
  /** Shortest healthCheckTimeout, in seconds. */
  readonly minHealthCheckTimeout: number;
  readonly ttlMs: number;
  readonly stopTimeoutMs: number;
  readonly liveness: LivenessInput<never>;
  readonly sendLoadingState: boolean;
  readonly platform: NodeJS.Platform;
}

const WINDOWS_STOP = 'taskkill /f /t /pid ${PID}';
/** Its page opens dozens of connections at once, and a WebSocket that stays open as long as the page does. */
const COMFYUI = { id: 'comfyui_auto', minConcurrency: 50 };
const SHELL_WORDS = new Set(['&&', '||', '|', ';', '&', '>', '>>', '<', '2>', '2>&1', '&>']);

/**
 * Fills in the defaults of one model and checks what a schema cannot. Its priority is said elsewhere.
 *
 * @param node the tree of `raw`
 */
export function modelConfig(
  id: string,
  raw: Partial<ModelInput<never>>,
  node: Node | undefined,
  defaults: ModelDefaults,
  report: Report,
): ModelConfig {
  const path: KeyPath = ['models', id];
  const { platform } = defaults;
  const cmd = child(node, 'cmd');
  const argv = command(raw.cmd, [...path, 'cmd'], platform, report) ?? [];
  const filters = filtersConfig(raw.filters ?? {}, child(node, 'filters'), [...path, 'filters'], report);
  if (id.trim() === '') report.error(path, 'a model needs an id', 'put a name before the colon');
  return {
    id,
    name: raw.name?.trim() ?? '',
    description: raw.description?.trim() ?? '',
    cmd: stripComments(cmd?.kind === 'scalar' ? cmd.shown : '').trim(),
    argv,
    isContainer: isContainerClient(argv[0] ?? ''),
    stopArgv: stopCommand(raw.cmdStop, [...path, 'cmdStop'], platform, report),
    env: environment(raw.env ?? [], [...path, 'env'], report),
    upstream: upstream(raw.proxy, [...path, 'proxy'], report),
    checkEndpoint: checkEndpoint(raw.checkEndpoint ?? '/health', [...path, 'checkEndpoint'], report),
    healthTimeoutMs:
      raw.healthCheckTimeout === undefined
        ? defaults.healthTimeoutMs
        : healthTimeoutMs(
            raw.healthCheckTimeout,
            defaults.minHealthCheckTimeout,
            [...path, 'healthCheckTimeout'],
            report,
          ),
    ttlMs: ttlMs(raw.ttl ?? -1, defaults.ttlMs, [...path, 'ttl'], report),
    stopTimeoutMs: raw.unloadTimeout
      ? durationMs(raw.unloadTimeout, [...path, 'unloadTimeout'], report)
      : defaults.stopTimeoutMs,
    aliases: withVariants(id, raw.aliases ?? [], Object.keys(filters.setParamsById)),
    unlisted: raw.unlisted ?? false,
    useModelName: raw.useModelName?.trim() || null,
    concurrencyLimit: concurrencyLimit(id, raw.concurrencyLimit ?? 0),
    priority: 0,
    filters,
    sendLoadingState: raw.sendLoadingState ?? defaults.sendLoadingState,
    capabilities: capabilitiesConfig(raw.capabilities ?? {}),
    ignoresWebsockets: id === COMFYUI.id || (raw.compat?.ignoreWebsockets ?? false),
    liveness: liveness(raw, defaults.liveness, [...path, 'liveness'], report),
    metadata: raw.metadata ?? {},
    timeouts: upstreamTimeouts(raw.timeouts ?? {}, 0, [...path, 'timeouts'], report),
  };
}

/** Times below the floor are raised to it: a model server that is starting cannot be rushed. */
export function healthTimeoutMs(seconds: number, floor: number, path: KeyPath, report: Report): number {
  if (seconds >= floor) return durationMs(seconds, path, report);
  report.warning(path, `is less than ${floor} s; ${floor} s is used`, `write ${floor} or more`);
  return durationMs(floor, path, report);
}

function command(
  text: string | undefined,
  path: KeyPath,
  platform: NodeJS.Platform,
  report: Report,
): readonly string[] | null {
  if (text === undefined) return null;
  const argv = splitCommand(text, platform);
  if (argv.length === 0 || argv[0] === '') {
    report.error(
      path,
      'holds no program to run',
      'write the program and its arguments, for example llama-server --port ${PORT}',
    );
  }
  if (hasUnclosedQuote(text, platform)) {
    report.warning(path, 'has a quote that is never closed', 'close it, or escape it with a backslash');
  }
  const shellWord = argv.find((word) => SHELL_WORDS.has(word));
  if (shellWord !== undefined) {
    report.warning(
      path,
      `passes ${shellWord} as an argument: there is no shell`,
      `for a shell write sh -c '…', or quote it if it is meant as "${shellWord}"`,
    );
  }
  return argv;
}

function stopCommand(
  text: string | undefined,
  path: KeyPath,
  platform: NodeJS.Platform,
  report: Report,
): readonly string[] | null {
  if (text !== undefined && text.trim() !== '') return command(text, path, platform, report);
  return platform === 'win32' ? splitCommand(WINDOWS_STOP, platform) : null;
}

/** `K=V` items to a record; of two with the same name the later one counts. */
function environment(items: readonly string[], path: KeyPath, report: Report): Readonly<Record<string, string>> {
  return Object.fromEntries(
    items.flatMap((item, index) => {
      const equals = item.indexOf('=');
      if (equals > 0) return [[item.slice(0, equals), item.slice(equals + 1)]];
      const wrong = 'is not of the form NAME=value and has no effect';
      report.warning([...path, index], wrong, 'write for example - CUDA_VISIBLE_DEVICES=0');
      return [];
    }),
  );
}

function upstream(proxy: string | undefined, path: KeyPath, report: Report): UpstreamConfig {
  // Without a command there is no port: that the command is missing has been said.
  return proxy === undefined || proxy === DEFAULT_PROXY ? NO_UPSTREAM : upstreamConfig(proxy, path, report);
}

/** The names with parameters of their own are aliases of the model, after those that are written as such. */
function withVariants(id: string, aliases: readonly string[], variants: readonly string[]): readonly string[] {
  return [...aliases, ...variants.filter((name) => name !== id && !aliases.includes(name))];
}

function liveness(
  raw: Partial<ModelInput<never>>,
  inherited: LivenessInput<never>,
  path: KeyPath,
  report: Report,
): LivenessConfig | null {
  const config = livenessConfig(raw.liveness ?? {}, inherited, path, report);
  if (config === null || raw.checkEndpoint?.trim() !== 'none') return config;
  if (raw.liveness?.every) {
    report.warning([...path, 'every'], 'has no effect: there is no checkEndpoint to ask', 'give a checkEndpoint');
  }
  return withoutAsking(config);
}

function checkEndpoint(text: string, path: KeyPath, report: Report): string | null {
  const parsed = parseCheckEndpoint(text);
  if ('wrong' in parsed) {
    report.error(path, parsed.wrong.message, parsed.wrong.hint);
    return null;
  }
  if (parsed.ignored !== null) report.warning(path, parsed.ignored.message, parsed.ignored.hint);
  return parsed.path;
}

function ttlMs(seconds: number, inherited: number, path: KeyPath, report: Report): number {
  if (seconds === -1) return inherited;
  if (seconds < 0) report.error(path, 'must be 0 or more, or -1', 'write 0 for "never", -1 for the globalTTL');
  return durationMs(seconds, path, report);
}

function concurrencyLimit(id: string, limit: number): number | null {
  if (limit <= 0) return null;
  return id === COMFYUI.id ? Math.max(limit, COMFYUI.minConcurrency) : limit;
}
