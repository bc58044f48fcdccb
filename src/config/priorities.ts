import type { RoutingInput } from './input.ts';
import { findModel, reportUnknownModel, type KnownModels } from './known-models.ts';
import type { KeyPath } from './problems.ts';
import type { Report } from './report.ts';

const PATH: KeyPath = ['routing', 'scheduler', 'settings', 'fifo', 'priority'];

/** The priorities that are given, by the ids of the models: an alias counts for its model. */
export function priorities(raw: RoutingInput<never>, known: KnownModels, report: Report): Map<string, number> {
  const byModel = new Map<string, number>();
  for (const [name, priority] of Object.entries(raw.scheduler?.settings?.fifo?.priority ?? {})) {
    const path = [...PATH, name];
    const id = findModel(name, known);
    if (id === null) reportUnknownModel(path, name, name, known, report);
    else if (byModel.has(id)) report.error(path, `the model "${id}" has a priority already`, 'keep one of the two');
    else byModel.set(id, priority);
  }
  return byModel;
}
