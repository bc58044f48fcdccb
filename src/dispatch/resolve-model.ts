import { modelActorId, profileActorId } from '../../machines/shared/ids.ts';
import type { ModelId } from '../../machines/shared/ids.ts';
import type { Config } from '../config/types.ts';
import type { Destination } from './lease.ts';

/** A model of this gateway. */
export interface LocalModel {
  readonly kind: 'local';
  readonly destination: Destination;
}

/** What a client may call a model of this gateway: its id, an alias, or either behind a profile (`coding:qwen`, `coding/qwen`). */
export function resolveModel(config: Config, name: string): Destination | null {
  const model = modelNamed(config, name);
  if (model !== null) return { unit: modelActorId(model), model };
  // An id may hold ':' and '/' itself, so the profiles are tried instead of the name being split.
  for (const profile of config.profiles.values()) {
    if (!name.startsWith(profile.id)) continue;
    const separator = name[profile.id.length];
    if (separator !== ':' && separator !== '/') continue;
    const member = modelNamed(config, name.slice(profile.id.length + 1));
    if (member === null || !profile.members.includes(member)) continue;
    return { unit: profile.takesTurns ? modelActorId(member) : profileActorId(profile.id), model: member };
  }
  return null;
}

/** The id behind an id or an alias. */
export function modelNamed(config: Config, name: string): ModelId | null {
  return config.models.has(name) ? name : (config.aliases.get(name) ?? null);
}
