import type { Report } from './report.ts';
import type { ModelConfig } from './types.ts';

/** Every usable alias → the id of its model. An alias can never reach a model when it is the id of one. */
export function collectAliases(models: ReadonlyMap<string, ModelConfig>, report: Report): Map<string, string> {
  const aliases = new Map<string, string>();
  for (const { id, aliases: own } of models.values()) {
    own.forEach((alias, index) => {
      const path = ['models', id, 'aliases', index];
      const owner = aliases.get(alias);
      const shown = report.shown(path);
      if (alias === '') report.warning(path, 'is empty and has no effect', 'take it out');
      else if (alias === id) report.warning(path, `"${shown}" is the id of the model itself`, 'take it out');
      else if (models.has(alias)) {
        report.warning(
          path,
          `"${shown}" is the id of another model, which gets the requests`,
          'take it out or rename it',
        );
      } else if (owner === undefined) aliases.set(alias, id);
      else {
        const whose = owner === id ? 'is given twice' : `already belongs to model "${owner}"`;
        report.error(path, `the alias "${shown}" ${whose}`, 'an alias must be unique');
      }
    });
  }
  return aliases;
}
