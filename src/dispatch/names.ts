import type { Config, PeerId } from '../config/types.ts';
import { type Clash, discoverModels, type Discovered, type Discoveries } from './discovered.ts';
import { findPeerModel, indexPeerModels, type PeerIndex, type PeerModel } from './peer-index.ts';
import { type LocalModel, resolveModel } from './resolve-model.ts';

/** Who answers to a name. */
export type Resolution = LocalModel | PeerModel;

/**
 * What the names of a configuration stand for, and of the models that its peers have told of by now. Pins and selectors
 * are not among them: they lead to such names.
 *
 * INVARIANT: what a peer tells changes the meaning of no name that the configuration gives a meaning to.
 */
export interface Names {
  /** The models of this gateway first, then `peer/model`, then a bare name that exactly one peer offers. */
  resolve(name: string): Resolution | null;
  /** The same, for what the configuration itself names. */
  resolveWritten(name: string): Resolution | null;
  /** The peers that offer a bare name, when there are several and so none is meant. */
  ambiguousAt(name: string): readonly PeerId[];
  /** How many segments between slashes the longest name may have. */
  readonly mostSegments: number;
  /** Every model of a peer by its full name: those in the configuration, then those that were discovered. */
  ofPeers(): Iterable<readonly [string, PeerModel]>;
  /** Discovered models that cannot be used. */
  clashes(): readonly Clash[];
  /** Whether peers may tell of names that are not known yet. */
  readonly mayGrow: boolean;
  /** Asks them, for a name that nobody knows; see `Discoveries`. */
  askUntil(isFound: () => boolean): Promise<void>;
}

/** Nobody tells anything. */
const NOTHING: Discoveries = {
  listed: () => new Map(),
  subscribe: () => () => {},
  askUntil: () => Promise.resolve(),
};

export function createNames(config: Config, discoveries: Discoveries = NOTHING): Names {
  const written = indexPeerModels(writtenModels(config));
  const writtenSegments = mostSegments(config, written.full.keys());
  const mayGrow = [...config.peers.values()].some(({ discover }) => discover);
  const discovered = mayGrow ? remembering(config, written, discoveries) : () => NONE;

  function resolveWritten(name: string): Resolution | null {
    const destination = resolveModel(config, name);
    if (destination !== null) return { kind: 'local', destination };
    return findPeerModel(name, written);
  }

  return {
    resolveWritten,
    resolve(name) {
      const found = resolveWritten(name);
      // Where several peers are written for a bare name it stays ambiguous.
      if (found !== null || written.bare.has(name)) return found;
      return findPeerModel(name, discovered().index);
    },
    ambiguousAt(name) {
      const offers = [...(written.bare.get(name) ?? []), ...(discovered().index.bare.get(name) ?? [])];
      return offers.length > 1 ? offers.map(({ peer }) => peer) : [];
    },
    get mostSegments() {
      return Math.max(writtenSegments, discovered().mostSegments);
    },
    *ofPeers() {
      yield* written.full;
      yield* discovered().index.full;
    },
    clashes: () => discovered().clashes,
    mayGrow,
    askUntil: discoveries.askUntil,
  };
}

interface Grown extends Discovered {
  readonly mostSegments: number;
}

const NONE: Grown = { index: indexPeerModels([]), clashes: [], mostSegments: 0 };

/** Computed when it is first asked for after a change, and not with every question. */
function remembering(config: Config, written: PeerIndex, { listed }: Discoveries): () => Grown {
  let from: unknown = null;
  let grown = NONE;
  return () => {
    const lists = listed();
    if (lists !== from) {
      from = lists;
      const found = discoverModels(config, written, lists);
      grown = { ...found, mostSegments: longest(found.index.full.keys()) };
    }
    return grown;
  };
}

function* writtenModels({ peers }: Config): Generator<PeerModel> {
  for (const { id: peer, models } of peers.values()) {
    for (const model of models) yield { kind: 'peer', peer, model };
  }
}

function mostSegments(config: Config, peerNames: Iterable<string>): number {
  const local = longest([...config.models.keys(), ...config.aliases.keys()]) + longest(config.profiles.keys());
  const pins = [...config.pins.values()].flatMap((profile) => [...profile.pins.keys()]);
  return Math.max(local, longest(peerNames), longest(pins));
}

function longest(names: Iterable<string>): number {
  return [...names].reduce((most, name) => Math.max(most, name.split('/').length), 0);
}
