import { modelActorId, profileActorId } from '../../machines/shared/ids.ts';
import type { ModelId } from '../../machines/shared/ids.ts';
import type { Config, PeerConfig, PeerId } from '../config/types.ts';
import type { Destination } from './lease.ts';

/** Who answers to a name. */
export type Resolution = LocalModel | PeerModel;

interface LocalModel {
  readonly kind: 'local';
  readonly destination: Destination;
}

export interface PeerModel {
  readonly kind: 'peer';
  readonly peer: PeerId;
  /** The name that the peer knows. */
  readonly model: string;
}

/** What the names of a configuration stand for. Pins and selectors are not among them: they lead to such names. */
export interface Names {
  /** The models of this gateway first, then `peer/model`, then a bare name that exactly one peer offers. */
  resolve(name: string): Resolution | null;
  /** The peers that offer a bare name, when there are several and so none is meant. */
  ambiguousAt(name: string): readonly PeerId[];
  /** How many segments between slashes the longest name may have. */
  readonly mostSegments: number;
}

export function createNames(config: Config): Names {
  const qualified = new Map<string, PeerModel>();
  const bare = new Map<string, PeerModel[]>();
  for (const peer of config.peers.values()) {
    for (const model of peer.models) {
      const found: PeerModel = { kind: 'peer', peer: peer.id, model };
      qualified.set(qualifiedName(peer, model), found);
      bare.set(model, [...(bare.get(model) ?? []), found]);
    }
  }
  return {
    resolve(name) {
      const destination = resolveModel(config, name);
      if (destination !== null) return { kind: 'local', destination };
      const peer = qualified.get(name);
      if (peer !== undefined) return peer;
      const [only, ...others] = bare.get(name) ?? [];
      return only === undefined || others.length > 0 ? null : only;
    },
    ambiguousAt(name) {
      const offers = bare.get(name) ?? [];
      return offers.length > 1 ? offers.map(({ peer }) => peer) : [];
    },
    mostSegments: mostSegments(config, [...qualified.keys()]),
  };
}

export function qualifiedName(peer: PeerConfig, model: string): string {
  return `${peer.id}/${model}`;
}

function mostSegments(config: Config, peerNames: readonly string[]): number {
  const most = (names: Iterable<string>): number =>
    [...names].reduce((longest, name) => Math.max(longest, name.split('/').length), 0);
  const local = most([...config.models.keys(), ...config.aliases.keys()]) + most(config.profiles.keys());
  const pins = [...config.pins.values()].flatMap((profile) => [...profile.pins.keys()]);
  return Math.max(local, most(peerNames), most(pins));
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
