import type { ModelId } from '../../shared/ids.ts';

export interface Group {
  readonly name: string;
  /** Only one member at a time. */
  readonly swap: boolean;
  /** A member that starts evicts the models of every other group that is not persistent. */
  readonly exclusive: boolean;
  /** Members are never evicted by models of other groups. */
  readonly persistent: boolean;
}

export interface GroupRules {
  readonly kind: 'group';
  readonly groups: readonly Group[];
  /** The place of a model's group in `groups`; a model that is not in the map belongs to the implicit group. */
  readonly groupOf: ReadonlyMap<ModelId, number>;
}

/** Where every model belongs that no group names. */
const IMPLICIT_GROUP: Group = { name: '(default)', swap: true, exclusive: true, persistent: false };

/**
 * Who must leave before `target` can start. A model of a group that is not exclusive starts beside everything outside
 * its group, models of exclusive groups included.
 */
export function groupEvictions(rules: GroupRules, target: ModelId, resident: readonly ModelId[]): ModelId[] {
  const own = groupFor(rules, target);
  return resident.filter((model) => {
    if (model === target) return false;
    const group = groupFor(rules, model);
    return group === own ? own.swap : own.exclusive && !group.persistent;
  });
}

/** Whether the models may run together by being in one group whose members do not swap. */
export function isOneGroupWithoutSwap(rules: GroupRules, models: readonly ModelId[]): boolean {
  const [group, ...others] = new Set(models.map((model) => groupFor(rules, model)));
  return group !== undefined && others.length === 0 && !group.swap;
}

function groupFor({ groups, groupOf }: GroupRules, model: ModelId): Group {
  return groups[groupOf.get(model) ?? -1] ?? IMPLICIT_GROUP;
}
