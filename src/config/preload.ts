import { findModel, hintForModel, type KnownModels } from './known-models.ts';
import type { Report } from './report.ts';

/**
 * The models to load at the start. A name that means nothing is no reason not to start: it is left out, with a warning.
 */
export function preloadedModels(names: readonly string[], known: KnownModels, report: Report): string[] {
  const found = new Set<string>();
  names.forEach((written, index) => {
    const name = written.trim();
    const path = ['hooks', 'on_startup', 'preload', index];
    const id = findModel(name, known);
    if (id !== null) found.add(id);
    else if (name === '') report.warning(path, 'is empty and left out', 'take it out');
    else if (!known.declared.has(name)) {
      const message = `there is no model "${report.shown(path)}" to load here`;
      report.warning(path, message, hintForModel(name, known));
    }
  });
  return [...found];
}
