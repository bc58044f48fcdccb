import type { ModelId } from '../../shared/ids.ts';
import type { Compiled, PolicyProblem } from './compiled.ts';
import type { Group, GroupRules } from './group.ts';

/** A group as the configuration spells it. */
export interface GroupSettings {
  readonly swap?: boolean;
  readonly exclusive?: boolean;
  readonly persistent?: boolean;
  readonly members?: readonly string[] | null;
}

/**
 * Turns the section `groups` into rules.
 *
 * @param settings a group that is null has all three flags off; a group that leaves a flag out has its default
 * @param aliases every alias → the id of its model: a member may be named by either
 */
export function compileGroups(
  settings: Readonly<Record<string, GroupSettings | null>>,
  modelIds: Iterable<ModelId>,
  aliases: ReadonlyMap<string, ModelId> = new Map(),
): Compiled<GroupRules> {
  const models = new Set(modelIds);
  const groups: Group[] = [];
  const groupOf = new Map<ModelId, number>();
  const problems: PolicyProblem[] = [];

  for (const [name, group] of Object.entries(settings)) {
    const { swap = true, exclusive = true, persistent = false } = group ?? { swap: false, exclusive: false };
    const index = groups.push({ name, swap, exclusive, persistent }) - 1;
    for (const [position, member] of (group?.members ?? []).entries()) {
      const id = models.has(member) ? member : aliases.get(member);
      const path = [name, 'members', position];
      const taken = groupOf.get(id ?? '');
      if (id === undefined) {
        const message = `group ${JSON.stringify(name)}: no model config for ${JSON.stringify(member)}`;
        problems.push({ path, message, hint: 'name a model of this configuration' });
      } else if (taken === undefined) groupOf.set(id, index);
      else {
        const message =
          taken === index ? 'is named twice' : `is in group ${JSON.stringify(groups[taken]?.name)} as well`;
        problems.push({
          path,
          message: `group ${JSON.stringify(name)}: ${JSON.stringify(member)} ${message}`,
          hint: 'name a model once, in one group',
        });
      }
    }
  }
  return problems.length > 0 ? { problems } : { rules: { kind: 'group', groups, groupOf } };
}
