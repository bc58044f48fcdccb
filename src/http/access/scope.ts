import { modelActorId, profileActorId } from '../../../machines/shared/ids.ts';
import type { ModelId, UnitId } from '../../../machines/shared/ids.ts';
import type { AllowedConfig, Config, PeerConfig, SelectorConfig, SelectorTarget } from '../../config/types.ts';
import type { Resolution } from '../../dispatch/names.ts';
import { type PeerModel, qualifiedName } from '../../dispatch/peer-index.ts';

/**
 * What a key may use. It is asked about what a name stands for, never about the name: whatever a model is called, and
 * wherever a pin or a selector leads, it is the same model.
 */
export interface Scope {
  allowsModel(model: ModelId): boolean;
  /** A profile that loads as a whole may be used when every member may. */
  allowsUnit(unit: UnitId): boolean;
  allows(found: Resolution): boolean;
  /** Every model that the configuration has of the peer; where models are discovered, whatever it may come to have. */
  allowsAllOf(peer: PeerConfig): boolean;
  /** The selector with the targets that may be used through it: all, if it is named itself; null = none. */
  narrow(selector: SelectorConfig): SelectorConfig | null;
}

export function createScope(
  allowed: AllowedConfig,
  { profiles, selectors }: Pick<Config, 'profiles' | 'selectors'>,
): Scope {
  const models = new Set(allowed.models);
  const peerModels = new Set(allowed.peerModels);
  const peers = new Set(allowed.peers);
  const units = new Set<UnitId>([...models].map(modelActorId));
  for (const { id, members } of profiles.values()) {
    if (members.every((member) => models.has(member))) units.add(profileActorId(id));
  }
  const narrowed = new Map([...selectors.values()].map((selector) => [selector.id, narrow(selector)]));

  function narrow(selector: SelectorConfig): SelectorConfig | null {
    if (allowed.selectors.includes(selector.id)) return selector;
    const targets = selector.targets.filter(allowsTarget);
    return targets.length === 0 ? null : { ...selector, targets };
  }

  function allowsTarget(target: SelectorTarget): boolean {
    return target.kind === 'model' ? models.has(target.model) : allowsAtPeer(target);
  }

  function allowsAtPeer(found: Omit<PeerModel, 'kind'>): boolean {
    return peers.has(found.peer) || peerModels.has(qualifiedName(found));
  }

  return {
    allowsModel: (model) => models.has(model),
    allowsUnit: (unit) => units.has(unit),
    allows: (found) => (found.kind === 'local' ? units.has(found.destination.unit) : allowsAtPeer(found)),
    allowsAllOf: ({ id: peer, models: all, discover }) =>
      discover ? peers.has(peer) : all.every((model) => allowsAtPeer({ peer, model })),
    narrow: ({ id }) => narrowed.get(id) ?? null,
  };
}
