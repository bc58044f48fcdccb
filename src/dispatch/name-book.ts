import type { Config, PeerId } from '../config/types.ts';
import type { Clash, Discoveries } from './discovered.ts';
import { createNames, type Names } from './names.ts';

/** The owner of names: those of the configuration that is in force. */
export interface NameBook {
  /** They stay those of this configuration, and go on growing, when another comes into force. */
  current(): Names;
  adopt(config: Config): void;
}

/** A list of names in a line of the log is cut after this many. */
const NAMED_CLASHES = 3;

/** @param warn is told of models that cannot be used for their names, once for as long as they are the same */
export function createNameBook(config: Config, discoveries: Discoveries, warn: (message: string) => void): NameBook {
  let names = createNames(config, discoveries);
  let said = new Map<PeerId, string>();

  function tellClashes(): void {
    const lines = new Map(
      [...Map.groupBy(names.clashes(), ({ peer }) => peer)].map(([peer, clashes]) => [peer, inWords(peer, clashes)]),
    );
    for (const [peer, line] of lines) if (said.get(peer) !== line) warn(line);
    said = lines;
  }

  discoveries.subscribe(tellClashes);
  return {
    current: () => names,
    adopt(next) {
      names = createNames(next, discoveries);
      tellClashes();
    },
  };
}

function inWords(peer: PeerId, clashes: readonly Clash[]): string {
  const named = clashes.slice(0, NAMED_CLASHES).map(({ name, other }) => `${JSON.stringify(name)} is ${other}`);
  const rest = clashes.length - named.length;
  const list = `${named.join(', ')}${rest > 0 ? `, and ${rest} more` : ''}`;
  return `models that the peer ${peer} lists are left out, because their names are taken: ${list}`;
}
