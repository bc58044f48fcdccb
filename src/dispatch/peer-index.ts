import type { PeerId } from '../config/types.ts';

/** A model of a peer, by the name that the peer knows. */
export interface PeerModel {
  readonly kind: 'peer';
  readonly peer: PeerId;
  readonly model: string;
}

/** Models of peers, by the names under which they can be asked for. */
export interface PeerIndex {
  /** By `peer/model`, in the order they were given. */
  readonly full: ReadonlyMap<string, PeerModel>;
  /** By the model's name alone: whoever offers it. */
  readonly bare: ReadonlyMap<string, readonly PeerModel[]>;
}

/** Of two models with one full name the last one has it. */
export function indexPeerModels(models: Iterable<PeerModel>): PeerIndex {
  const full = new Map([...models].map((model) => [qualifiedName(model), model]));
  return { full, bare: Map.groupBy(full.values(), ({ model }) => model) };
}

export function qualifiedName({ peer, model }: Pick<PeerModel, 'peer' | 'model'>): string {
  return `${peer}/${model}`;
}

/** A full name, or a bare one that exactly one peer offers. */
export function findPeerModel(name: string, { full, bare }: PeerIndex): PeerModel | null {
  const found = full.get(name);
  if (found !== undefined) return found;
  const [only, ...others] = bare.get(name) ?? [];
  return only === undefined || others.length > 0 ? null : only;
}
