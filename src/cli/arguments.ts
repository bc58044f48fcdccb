import { parseArgs } from 'node:util';
import { parseListenAddress } from '../listen-address.ts';

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
  /** null runs the demo. */
  readonly configFile: string | null;
  /** `host:port`, already checked. */
  readonly listen: string;
  /** null = wherever state belongs on this machine. */
  readonly dataDir: string | null;
  readonly inspect: boolean;
}

export interface CheckCommand {
  readonly name: 'check';
  readonly configFile: string;
  readonly json: boolean;
}

const DEFAULT_LISTEN = ':8080';

const OPTIONS = {
  config: { type: 'string' },
  listen: { type: 'string' },
  'data-dir': { type: 'string' },
  inspect: { type: 'boolean' },
  json: { type: 'boolean' },
  version: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** Which options mean something to which command; help and version do everywhere. */
const OPTIONS_OF: Readonly<Record<'serve' | 'check', readonly string[]>> = {
  serve: ['config', 'listen', 'data-dir', 'inspect'],
  check: ['config', 'json'],
};

/** @param argv Without the program and the script. A repeated option: the last one counts. */
export function parseArguments(argv: readonly string[]): Command {
  let parsed;
  try {
    parsed = parseArgs({ args: argv.map(withTwoDashes), options: OPTIONS, allowPositionals: true });
  } catch (error) {
    return misused(firstSentence(error));
  }
  const { values, positionals } = parsed;
  if (values.help) return { name: 'help' };
  if (values.version) return { name: 'version' };

  const [name = 'serve', ...rest] = positionals;
  if (name !== 'serve' && name !== 'check') return misused(`There is no command "${name}".`);
  if (rest.length > 0) return misused(`"${rest[0]}" is one argument too many.`);
  const stray = Object.keys(values).find((option) => !OPTIONS_OF[name].includes(option));
  if (stray !== undefined) return misused(`"${name}" knows no option --${stray}.`);
  const empty = Object.entries(values).find(([, value]) => value === '');
  if (empty !== undefined) return misused(`--${empty[0]} needs a value.`);

  if (name === 'check') {
    if (values.config === undefined) return misused('"check" needs --config FILE.');
    return { name, configFile: values.config, json: values.json === true };
  }
  const listen = values.listen ?? DEFAULT_LISTEN;
  const address = parseListenAddress(listen);
  if (typeof address === 'string') return misused(`--listen ${address}`);
  return {
    name,
    configFile: values.config ?? null,
    listen,
    dataDir: values['data-dir'] ?? null,
    inspect: values.inspect === true,
  };
}

/** `-config` is `--config`; `-h` stays, and so do a negative number and a lone dash. */
function withTwoDashes(argument: string): string {
  return /^-[a-z][a-z-]/.test(argument) ? `-${argument}` : argument;
}

/** parseArgs goes on about positional arguments that begin with a dash, which nobody has here. */
function firstSentence(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return `${text.split('. ')[0]?.replace(/\.$/, '')}.`;
}

function misused(message: string): Command {
  return { name: 'misused', message };
}
