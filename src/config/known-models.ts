import { closest } from './closest.ts';
import type { KeyPath } from './problems.ts';
import type { Report } from './report.ts';
import type { ModelConfig } from './types.ts';

/** The models that other parts of a configuration may name. */
export interface KnownModels {
  readonly models: ReadonlyMap<string, ModelConfig>;
  readonly aliases: ReadonlyMap<string, string>;
  /** Ids that are in the source; some of them may have errors and be missing in `models`. */
  readonly declared: ReadonlySet<string>;
}

/** The id of the model that a name means: an id or an alias. */
export function findModel(name: string, { models, aliases }: KnownModels): string | null {
  return models.has(name) ? name : (aliases.get(name) ?? null);
}

/** Says that a name means nothing, unless it means a model that has errors of its own. */
export function reportUnknownModel(
  path: KeyPath,
  name: string,
  shown: string,
  known: KnownModels,
  report: Report,
): void {
  if (!known.declared.has(name)) report.error(path, `there is no model "${shown}"`, hintForModel(name, known));
}

export function hintForModel(name: string, { models, aliases }: KnownModels): string {
  const near = closest(name, [...models.keys(), ...aliases.keys()]);
  return near === null ? 'name the id or an alias of a model' : `did you mean ${near}?`;
}
