import type { Report } from './report.ts';
import type { PeerConfig, PeerId } from './types.ts';

/** One model of one peer, by the name that the peer knows. */
export interface PeerModel {
  readonly peer: PeerId;
  readonly model: string;
}

export interface PeerNames {
  /** `peer/model` → what it means. */
  readonly qualified: ReadonlyMap<string, PeerModel>;
  /** A model's bare name → whoever offers it. */
  readonly bare: ReadonlyMap<string, readonly PeerModel[]>;
  /** The peers whose lists will add to this while the gateway runs. */
  readonly discovering: readonly PeerId[];
}

/** The names under which the models of peers can be asked for. Two models with the same full name are an error. */
export function peerNames(peers: ReadonlyMap<PeerId, PeerConfig>, report: Report): PeerNames {
  const qualified = new Map<string, PeerModel>();
  const bare = new Map<string, PeerModel[]>();
  for (const { id: peer, models } of peers.values()) {
    for (const model of models) {
      const name = `${peer}/${model}`;
      const other = qualified.get(name);
      if (other !== undefined) {
        const message = `"${name}" means the model "${model}" here, and "${other.model}" of peer "${other.peer}"`;
        report.error(['peers', peer], message, 'rename one of the peers');
        continue;
      }
      qualified.set(name, { peer, model });
      bare.set(model, [...(bare.get(model) ?? []), { peer, model }]);
    }
  }
  const discovering = [...peers.values()].filter(({ discover }) => discover).map(({ id }) => id);
  return { qualified, bare, discovering };
}

/** The peer that may come to list a model of that full name while the gateway runs. */
export function discoveringPeer(name: string, { discovering }: PeerNames): PeerId | null {
  return discovering.find((id) => name.startsWith(`${id}/`) && name.length > id.length + 1) ?? null;
}

/** What a name means among the peers: a full name, or a bare one that exactly one of them has. */
export function findPeerModel(name: string, { qualified, bare }: PeerNames): PeerModel | null {
  const [only, ...others] = bare.get(name) ?? [];
  return qualified.get(name) ?? (others.length === 0 ? (only ?? null) : null);
}
