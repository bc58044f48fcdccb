import type { ModelInput } from './input.ts';
import type { KeyPath } from './problems.ts';
import type { Report } from './report.ts';
import type { ModelConfig } from './types.ts';

/**
 * Every usable alias → the id of its model. An alias can never reach a model when it is the id of one.
 *
 * @param inputs what the models say themselves: their further aliases come from `filters.setParamsByID`
 */
export function collectAliases(
  models: ReadonlyMap<string, ModelConfig>,
  inputs: Readonly<Record<string, Partial<ModelInput<never>>>>,
  report: Report,
): Map<string, string> {
  const aliases = new Map<string, string>();
  for (const { id, aliases: own } of models.values()) {
    const written = inputs[id]?.aliases?.length ?? 0;
    own.forEach((alias, index) => {
      const isWritten = index < written;
      const path = isWritten ? ['models', id, 'aliases', index] : ['models', id, 'filters', 'setParamsByID', alias];
      const shown = isWritten ? report.shown(path) : alias;
      if (alias === '') {
        if (isWritten) report.warning(path, 'is empty and has no effect', 'take it out');
      } else if (models.has(alias)) reportDead(shown, path, alias === id, isWritten, report);
      else if (!aliases.has(alias)) aliases.set(alias, id);
      else {
        const owner = aliases.get(alias) ?? '';
        const whose = owner === id ? 'is given twice' : `already belongs to model "${owner}"`;
        report.error(path, `the alias "${shown}" ${whose}`, 'an alias must be unique');
      }
    });
  }
  return aliases;
}

function reportDead(shown: string, path: KeyPath, isOwnId: boolean, isWritten: boolean, report: Report): void {
  if (isOwnId) report.warning(path, `"${shown}" is the id of the model itself`, 'take it out');
  else {
    const message = `"${shown}" is the id of another model, which gets the requests`;
    if (isWritten) report.warning(path, message, 'take it out or rename it');
    else report.error(path, message, 'rename it: it is to be another name of this model');
  }
}
