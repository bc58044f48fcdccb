import { expandModel, finishModel } from './expand.ts';
import type { Macro } from './macros.ts';
import { createPortSource, type PortRules } from './ports.ts';
import type { ProblemLog } from './problems.ts';
import { isOfThisMachine, parseProxyUrl } from './proxy-url.ts';
import { child, mapping, withChild, type Entry, type MappingNode, type Node } from './tree.ts';

const DEFAULT_START_PORT = 5800;

/** Models get their ports in the order of their ids, so that a file always gives the same ports. */
export async function expandModels(
  root: MappingNode,
  globals: readonly Macro[],
  portRules: PortRules,
  problems: ProblemLog,
): Promise<{ readonly root: MappingNode; readonly ports: ReadonlyMap<string, number> }> {
  const given = new Map<string, number>();
  const models = child(root, 'models');
  if (models?.kind !== 'mapping') return { root, ports: given };
  const expanded = new Map([...models.entries].map(([id, entry]) => [id, expandModel(id, entry, globals, problems)]));
  const ports = createPortSource(
    startPortOf(root),
    fixedPorts([...expanded.values()].map(({ node }) => node)),
    portRules,
  );
  const finished = new Map<string, Entry>();
  for (const [id, model] of [...expanded].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const place = models.entries.get(id)?.place ?? models.place;
    const { node, port } = await finishModel(id, model, place, ports, problems);
    if (port !== null) given.set(id, port);
    finished.set(id, { place, value: node });
  }
  const inFileOrder = [...expanded.keys()].flatMap((id): [string, Entry][] => {
    const entry = finished.get(id);
    return entry ? [[id, entry]] : [];
  });
  return { root: withChild(root, 'models', mapping(inFileOrder, models.place)), ports: given };
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
