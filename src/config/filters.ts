import type { ModelInput } from './input.ts';
import { jsonValue } from './json-value.ts';
import type { KeyPath } from './problems.ts';
import type { Report } from './report.ts';
import { child, type Node } from './tree.ts';
import type { FiltersConfig } from './types.ts';

/** Which upstream a request goes to is never a filter's business. */
const PROTECTED = 'model';
/** In a path of sjson these search, and what they find cannot be taken out. */
const SEARCHING = /(?<!\\)[*?#|@]/;

/**
 * @param node the tree of `raw`: its numbers still have all their digits
 * @param path of `filters`
 */
export function filtersConfig(
  raw: NonNullable<ModelInput<never>['filters']>,
  node: Node | undefined,
  path: KeyPath,
  report: Report,
): FiltersConfig {
  const key = raw.stripParams?.trim() || raw.strip_params === undefined ? 'stripParams' : 'strip_params';
  const byIdNode = child(node, 'setParamsByID');
  return {
    stripParams: names(raw[key] ?? '', [...path, key], report),
    setParams: params(raw.setParams, child(node, 'setParams'), [...path, 'setParams'], report),
    setParamsById: Object.fromEntries(
      Object.entries(raw.setParamsByID ?? {}).map(([id, set]) => {
        const idPath = [...path, 'setParamsByID', id];
        if (id.trim() === '') report.error(idPath, 'a name is empty', 'write the name that requests come for');
        return [id, params(set, child(byIdNode, id), idPath, report)];
      }),
    ),
  };
}

function names(list: string, path: KeyPath, report: Report): string[] {
  const all = list.split(',').map((name) => name.trim());
  if (all.includes(PROTECTED)) report.warning(path, '"model" is never taken out', 'take it out of the list');
  const kept = new Set(all.filter((name) => name !== '' && name !== PROTECTED));
  for (const name of kept) {
    if (!SEARCHING.test(name)) continue;
    report.error(path, 'holds a * ? # | or @, and cannot say what to take out', 'name keys; \\* means a plain *');
  }
  return [...kept].sort();
}

/** @param raw what passed the schema; undefined when nothing did */
function params(
  raw: Readonly<Record<string, unknown>> | undefined,
  node: Node | undefined,
  path: KeyPath,
  report: Report,
): Readonly<Record<string, unknown>> {
  if (raw === undefined || node?.kind !== 'mapping') return {};
  const kept: [string, unknown][] = [];
  for (const [name, { value }] of node.entries) {
    const keyPath = [...path, name];
    if (name === '') report.error(keyPath, 'a key is empty', 'name the parameter to set');
    else if (name === PROTECTED) report.warning(keyPath, 'is never changed by a filter', 'take it out');
    else kept.push([name, jsonValue(value, keyPath, report)]);
  }
  return Object.fromEntries(kept);
}
