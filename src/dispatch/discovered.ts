import type { Config, PeerId } from '../config/types.ts';
import { indexPeerModels, type PeerIndex, type PeerModel, qualifiedName } from './peer-index.ts';
import { resolveModel } from './resolve-model.ts';

/** What each peer lists, by the names that it knows. */
export type PeerLists = ReadonlyMap<PeerId, readonly string[]>;

/** What peers tell of their models while the gateway runs. */
export interface Discoveries {
  /**
   * The models of the peers that are to be discovered, as each peer calls them, in its order. The same object for as long
   * as nothing has changed.
   */
  listed(): PeerLists;
  /** @returns Ends the subscription. The listener is called when anything is known that was not; it must not throw. */
  subscribe(listener: () => void): () => void;
  /**
   * Asks the peers that are to be discovered, if they may be asked again, and resolves when `isFound` holds, when all
   * have answered, or after a few seconds.
   */
  askUntil(isFound: () => boolean): Promise<void>;
}

/** A discovered model that cannot be used, because its full name is something else already. */
export interface Clash {
  readonly peer: PeerId;
  readonly name: string;
  /** What else the name is, for people. */
  readonly other: string;
}

export interface Discovered {
  readonly index: PeerIndex;
  readonly clashes: readonly Clash[];
}

/**
 * The models that peers list and the configuration does not name. What is written comes first: a full name that is
 * anything else in the configuration is left out, and so is the second of two that are equal.
 *
 * @param written the models of peers that the configuration names
 */
export function discoverModels(config: Config, written: PeerIndex, lists: PeerLists): Discovered {
  const found = new Map<string, PeerModel>();
  const clashes: Clash[] = [];
  const pinned = pinnedNames(config);
  for (const { id: peer, discover, models } of config.peers.values()) {
    if (!discover) continue;
    for (const model of lists.get(peer) ?? []) {
      if (models.includes(model)) continue;
      const name = qualifiedName({ peer, model });
      const other = meaningOf(name, config, written, pinned) ?? (found.has(name) ? 'a model of another peer' : null);
      if (other === null) found.set(name, { kind: 'peer', peer, model });
      else clashes.push({ peer, name, other });
    }
  }
  return { index: indexPeerModels(found.values()), clashes };
}

function meaningOf(name: string, config: Config, written: PeerIndex, pinned: ReadonlySet<string>): string | null {
  if (resolveModel(config, name) !== null) return 'a model here';
  if (config.selectors.has(name)) return 'a selector';
  if (pinned.has(name)) return 'a pin';
  return written.full.has(name) || written.bare.has(name) ? 'a model of another peer' : null;
}

function pinnedNames({ pins }: Config): ReadonlySet<string> {
  return new Set([...pins.values()].flatMap((profile) => [...profile.pins.keys()]));
}
