import type { FiltersConfig } from '../../config/types.ts';
import { checkPath, parsePath } from './json-path.ts';
import type { Edit } from './json-edit.ts';
import { valueText } from './value-text.ts';

/** Filters made ready: a request only has to pick its edits. */
export interface FilterRules {
  readonly useModelName: string | null;
  /** For every request: what goes, then what is set. */
  readonly edits: readonly Edit[];
  /** The same and more, by the name a request asks for. */
  readonly editsById: ReadonlyMap<string, readonly Edit[]>;
}

/**
 * `model` is never among the edits, whatever the paths say.
 *
 * @param useModelName Null for none, and always for a peer.
 * @throws SyntaxError for a path that `checkPath` refuses, TypeError for a value that `checkValue` refuses.
 */
export function prepareFilters(config: FiltersConfig, useModelName: string | null): FilterRules {
  const edits = [...editsOf(config.stripParams, 'delete', () => null), ...settings(config.setParams)];
  const editsById = new Map(
    Object.entries(config.setParamsById).map(([id, values]) => [id, [...edits, ...settings(values)]]),
  );
  return { useModelName, edits, editsById };
}

function settings(values: Readonly<Record<string, unknown>>): Edit[] {
  return editsOf(Object.keys(values), 'set', (name) => Buffer.from(valueText(values[name])));
}

function editsOf(names: Iterable<string>, use: 'set' | 'delete', value: (name: string) => Buffer | null): Edit[] {
  // By bytes, not by UTF-16 units.
  const sorted = [...names].sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
  const edits = sorted.map((name) => {
    const reason = checkPath(name, use);
    if (reason !== null) throw new SyntaxError(`${name}: ${reason}`);
    return { path: parsePath(name), value: value(name) };
  });
  return edits.filter(({ path }) => path.kind === 'pattern' || path.parts[0]?.name !== 'model');
}
