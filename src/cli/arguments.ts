import { parseArgs } from 'node:util';
import { parseListenAddress } from '../listen-address.ts';
import type { TlsFiles } from '../tls-files.ts';
import { withOneSpelling } from './option-spelling.ts';

/** What the command line asks for. */
export type Command =
  | ServeCommand
  | CheckCommand
  | { readonly name: 'version' }
  | { readonly name: 'help' }
  /** It asks for nothing that there is. */
  | { readonly name: 'misused'; readonly message: string };

export interface ServeCommand {
  readonly name: 'serve';
  /** null = not given; without a directory, too, the demo runs. */
  readonly configFile: string | null;
  readonly configDir: string | null;
  /** Read the configuration again whenever its files change. */
  readonly watchConfig: boolean;
  /** `host:port`, already checked. */
  readonly listen: string;
  /** null = plain HTTP. */
  readonly tls: TlsFiles | null;
  /** null = wherever state belongs on this machine. */
  readonly dataDir: string | null;
  readonly inspect: boolean;
}

export interface CheckCommand {
  readonly name: 'check';
  /** This one, `configDir` or both are given. */
  readonly configFile: string | null;
  readonly configDir: string | null;
  readonly json: boolean;
}

const DEFAULT_LISTEN = ':8080';
const DEFAULT_TLS_LISTEN = ':8443';

const OPTIONS = {
  config: { type: 'string' },
  'config-dir': { type: 'string' },
  'watch-config': { type: 'boolean' },
  listen: { type: 'string' },
  'tls-cert-file': { type: 'string' },
  'tls-key-file': { type: 'string' },
  'data-dir': { type: 'string' },
  inspect: { type: 'boolean' },
  json: { type: 'boolean' },
  version: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** Which options mean something to which command; help and version do everywhere. */
const OPTIONS_OF: Readonly<Record<'serve' | 'check', readonly string[]>> = {
  serve: ['config', 'config-dir', 'watch-config', 'listen', 'tls-cert-file', 'tls-key-file', 'data-dir', 'inspect'],
  check: ['config', 'config-dir', 'json'],
};

const SWITCHES = Object.entries(OPTIONS).flatMap(([name, { type }]) => (type === 'boolean' ? [name] : []));

/** @param argv Without the program and the script. A repeated option: the last one counts. */
export function parseArguments(argv: readonly string[]): Command {
  let parsed;
  try {
    const args = argv.map((argument) => withOneSpelling(argument, SWITCHES));
    parsed = parseArgs({ args, options: OPTIONS, allowPositionals: true, allowNegative: true });
  } catch (error) {
    return misused(firstSentence(error));
  }
  const { values, positionals } = parsed;
  if (values.help) return { name: 'help' };
  if (values.version) return { name: 'version' };

  const [name = 'serve', ...rest] = positionals;
  if (name === 'true' || name === 'false')
    return misused(`"${name}" stands alone; write for example --watch-config=${name}.`);
  if (name !== 'serve' && name !== 'check') return misused(`There is no command "${name}".`);
  if (rest.length > 0) return misused(`"${rest[0]}" is one argument too many.`);
  const stray = Object.keys(values).find((option) => !OPTIONS_OF[name].includes(option));
  if (stray !== undefined) return misused(`"${name}" knows no option --${stray}.`);
  const empty = Object.entries(values).find(([, value]) => value === '');
  if (empty !== undefined) return misused(`--${empty[0]} needs a value.`);

  const configFile = values.config ?? null;
  const configDir = values['config-dir'] ?? null;
  const hasConfig = configFile !== null || configDir !== null;
  if (name === 'check') {
    if (!hasConfig) return misused('"check" needs --config FILE or --config-dir DIR.');
    return { name, configFile, configDir, json: values.json === true };
  }
  if (values['watch-config'] && !hasConfig)
    return misused('--watch-config needs --config or --config-dir: what to watch.');
  const { 'tls-cert-file': certFile, 'tls-key-file': keyFile } = values;
  if ((certFile === undefined) !== (keyFile === undefined)) {
    return misused('--tls-cert-file and --tls-key-file go together: one is missing.');
  }
  const tls = certFile === undefined || keyFile === undefined ? null : { certFile, keyFile };
  const listen = values.listen ?? (tls === null ? DEFAULT_LISTEN : DEFAULT_TLS_LISTEN);
  const address = parseListenAddress(listen);
  if (typeof address === 'string') return misused(`--listen ${address}`);
  return {
    name,
    configFile,
    configDir,
    watchConfig: values['watch-config'] === true,
    listen,
    tls,
    dataDir: values['data-dir'] ?? null,
    inspect: values.inspect === true,
  };
}

/** parseArgs goes on about positional arguments that begin with a dash, which nobody has here. */
function firstSentence(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return `${text.split('. ')[0]?.replace(/\.$/, '')}.`;
}

function misused(message: string): Command {
  return { name: 'misused', message };
}
