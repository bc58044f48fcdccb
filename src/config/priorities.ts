import type { RoutingInput } from './input.ts';
import { findModel, reportUnknownModel, type KnownModels } from './known-models.ts';
import type { KeyPath } from './problems.ts';
import type { Report } from './report.ts';

const PATH: KeyPath = ['routing', 'scheduler', 'settings', 'fifo', 'priority'];

/** The priorities that are given, by the ids of the models: an alias counts for its model, unless that has its own. */
export function priorities(raw: RoutingInput<never>, known: KnownModels, report: Report): Map<string, number> {
  const byModel = new Map<string, number>();
  const given = Object.entries(raw.scheduler?.settings?.fifo?.priority ?? {}).map(([name, priority]) => {
    return { name, priority, id: findModel(name, known) };
  });
  for (const { name, priority, id } of given.sort((a, b) => Number(b.name === b.id) - Number(a.name === a.id))) {
    const path = [...PATH, name];
    const own = byModel.get(id ?? '');
    if (id === null) reportUnknownModel(path, name, name, known, report);
    else if (own === undefined) byModel.set(id, priority);
    else {
      const message = `has no effect: the model "${id}" has another priority, ${own}`;
      report.warning(path, message, 'keep one of the two');
    }
  }
  return byModel;
}
