import { splitCommand, stripComments } from './command.ts';
import { isContainerClient } from './container-client.ts';
import { expandFilterKeys, reportLeftoverKeys } from './filter-keys.ts';
import {
  declareMacros,
  expandMacros,
  overrideMacros,
  reportLeftovers,
  type LeftoverRules,
  type Macro,
} from './macros.ts';
import type { PortSource } from './ports.ts';
import type { KeyPath, Place, ProblemLog } from './problems.ts';
import { configSchema } from './schema.ts';
import { child, isNull, mapping, scalar, withChild, type Entry, type MappingNode, type Node } from './tree.ts';

export const DEFAULT_PROXY = 'http://localhost:${PORT}';

/**
 * Expands the macros of everything outside `models`, and takes the `macros` block out. Unknown keys are left alone: their
 * text may have nothing to do with this program.
 */
export function expandTopLevel(root: MappingNode, globals: readonly Macro[], problems: ProblemLog): MappingNode {
  const rules: LeftoverRules = { macros: globals, reserved: reservedAtTop };
  const entries = new Map<string, Entry>();
  for (const [key, { place, value }] of root.entries) {
    if (key === 'macros') continue;
    const untouched = key === 'models' || !Object.hasOwn(configSchema.properties ?? {}, key);
    const expanded = untouched ? value : expandMacros(value, globals, [key], problems);
    if (!untouched) reportLeftovers(expanded, [key], rules, problems);
    entries.set(key, { place, value: expanded });
  }
  return { ...root, entries };
}

function reservedAtTop(name: string): [message: string, hint: string] {
  return [`\${${name}} has no meaning here`, `use \${${name}} inside a model only`];
}

/** Expands the macros of one model but for the ports, strips the comments of its commands and fills in `proxy`. */
export function expandModel(id: string, entry: Entry, globals: readonly Macro[], problems: ProblemLog): ExpandedModel {
  const path: KeyPath = ['models', id];
  const own = declareMacros(child(entry.value, 'macros'), [...path, 'macros'], problems);
  const modelId: Macro = { name: 'MODEL_ID', value: scalar(id, entry.place) };
  const macros = [modelId, ...overrideMacros(globals, own)];
  const written = isNull(entry.value) ? mapping([], entry.value.place) : entry.value;
  if (written.kind !== 'mapping') return { node: written, macros, usesPort: false };
  let node = withChild(written, 'macros', undefined);
  for (const key of ['cmd', 'cmdStop']) {
    const command = child(node, key);
    if (command?.kind !== 'scalar' || typeof command.value !== 'string') continue;
    const text = stripComments(command.text);
    node = withChild(node, key, { ...command, value: text, text, shown: stripComments(command.shown) });
  }
  const proxy = child(node, 'proxy');
  const proxyIsGiven = proxy !== undefined && !isEmpty(proxy);
  if (!proxyIsGiven) node = withChild(node, 'proxy', scalar(DEFAULT_PROXY, entry.place));
  const values = expandMacros(node, macros, path, problems) as MappingNode;
  const expanded = expandFilterKeys(values, macros, path, problems);
  const cmd = child(expanded, 'cmd');
  const command = cmd?.kind === 'scalar' ? cmd.text : '';
  if (command.includes('${PORT}')) return { node: expanded, macros, usesPort: true };
  const port = proxyIsGiven ? null : portInCommand(command);
  if (port === null) return { node: expanded, macros, usesPort: false };
  const url = `http://localhost:${port}`;
  problems.warning(
    entry.place,
    [...path, 'proxy'],
    `is missing; ${url} is used, from the port in cmd`,
    `write proxy: ${url}, or use \${PORT} in cmd`,
  );
  return { node: withChild(expanded, 'proxy', scalar(url, entry.place)), macros, usesPort: false };
}

/** Nothing is written, or a text without anything in it. */
function isEmpty(node: Node): boolean {
  return isNull(node) || (node.kind === 'scalar' && node.text.trim() === '');
}

const PORT_OPTIONS = ['--port', '--listen-port'];

/** The port that a command itself says its server will listen on. */
function portInCommand(command: string): number | null {
  const [program = '', ...args] = splitCommand(command);
  // It says what is inside of the container.
  if (isContainerClient(program)) return null;
  const at = args.findIndex((arg) => PORT_OPTIONS.some((option) => arg === option || arg.startsWith(`${option}=`)));
  const text = at === -1 ? '' : (args[at]?.split('=')[1] ?? args[at + 1] ?? '');
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65535 ? port : null;
}

export interface ExpandedModel {
  readonly node: Node;
  readonly macros: readonly Macro[];
  /** `cmd` asks for a port, so the model gets one of its own. */
  readonly usesPort: boolean;
}

/**
 * Puts in the model's port, if it is to have one, and reports every reference that is left.
 *
 * @returns the model, and its port
 */
export async function finishModel(
  id: string,
  model: ExpandedModel,
  place: Place,
  ports: PortSource,
  problems: ProblemLog,
): Promise<{ readonly node: Node; readonly port: number | null }> {
  const path: KeyPath = ['models', id];
  let { node } = model;
  if (node.kind !== 'mapping') return { node, port: null };
  const port = model.usesPort ? await ports.next(id) : null;
  if (model.usesPort && port === null) {
    problems.error(place, [...path, 'cmd'], 'there is no free port left for ${PORT}', 'lower startPort');
    return { node, port };
  }
  if (port !== null) {
    const macros = [{ name: 'PORT', value: scalar(port, place) }];
    node = expandFilterKeys(expandMacros(node, macros, path, problems) as MappingNode, macros, path, problems);
  }
  const cmd = child(node, 'cmd');
  // First, for without a usable command there is nothing to say about a port.
  if (cmd) reportLeftovers(cmd, [...path, 'cmd'], { macros: model.macros, reserved: reservedInCommand }, problems);
  const hasCommand = cmd?.kind === 'scalar' && cmd.value !== null && !problems.hasErrorAt([...path, 'cmd']);
  const rules: LeftoverRules = {
    macros: model.macros,
    reserved: (name, [, , key]) => reservedInModel(name, String(key), hasCommand),
  };
  reportLeftovers(withChild(node, 'cmd', undefined), path, rules, problems);
  reportLeftoverKeys(node, path, rules, problems);
  return { node, port };
}

function reservedInCommand(name: string): [message: string, hint: string] {
  return [`\${${name}} is not known in cmd`, `take \${${name}} out`];
}

function reservedInModel(name: string, key: string, hasCommand: boolean): [message: string, hint: string] | null {
  if (name === 'PID') {
    return key === 'cmdStop' ? null : ['${PID} is only known in cmdStop', 'take ${PID} out, or use it in cmdStop'];
  }
  if (!hasCommand) return null;
  if (key !== 'proxy') {
    return ['${PORT} is used here, but not in cmd', 'a model gets a port only when its cmd uses ${PORT}'];
  }
  return [
    'the gateway cannot know where the model listens: cmd does not use ${PORT}',
    'write ${PORT} in cmd (for example --port ${PORT}), or give the address: proxy: http://127.0.0.1:9000',
  ];
}
