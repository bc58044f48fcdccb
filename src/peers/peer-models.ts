import { isDeepStrictEqual } from 'node:util';
import type { PeerConfig, PeerId } from '../config/types.ts';
import type { Discoveries, PeerLists } from '../dispatch/discovered.ts';
import { createPeerLine, type LineParts, type LineTimes, type PeerLine } from './peer-line.ts';
import type { PeerRecord } from './record.ts';

/** Milliseconds. */
export interface PeerTimes extends LineTimes {
  /** Between two looks while somebody watches. */
  readonly watchMs: number;
  /** How long a request for an unknown name waits for the peers. */
  readonly waitMs: number;
}

const TIMES: PeerTimes = { restMs: 10_000, retryMs: 2_000, watchMs: 15_000, waitMs: 3_000, forgetMs: 60_000 };

export interface PeerModelsParts extends Pick<LineParts, 'ask' | 'log'> {
  readonly peers: ReadonlyMap<PeerId, PeerConfig>;
  /** In place of the ordinary ones. */
  readonly times?: Partial<PeerTimes>;
}

/**
 * What peers say of their own models.
 *
 * INVARIANTS
 * - Nobody who reads waits for a peer: what is known is there at once, and a look only begins a question.
 * - A peer that a reload leaves at its address with its key keeps what is known of it; of any other nothing is kept, and
 *   no answer to a question asked before.
 * - Nobody is asked before `begin`, but by those who look. Without peers, and after `end`, there is no timer and no
 *   question.
 */
export interface PeerModels extends Discoveries {
  /** null = nothing is known. */
  recordOf(peer: PeerId, model: string): PeerRecord | null;
  /** Somebody is about to read: asks whoever has rested. */
  look(): void;
  /** Goes on looking. @returns Ends that; a second call does nothing. */
  watch(): () => void;
  /** Asks everyone for the first time; from now on those who are new in a configuration, too. */
  begin(): void;
  adopt(peers: ReadonlyMap<PeerId, PeerConfig>): void;
  end(): void;
}

interface Entry {
  readonly peer: PeerConfig;
  readonly line: PeerLine;
}

export function createPeerModels({ peers, ask, log, times: changed = {} }: PeerModelsParts): PeerModels {
  const times = { ...TIMES, ...changed };
  const listeners = new Set<() => void>();
  let entries = new Map<PeerId, Entry>();
  let lists: PeerLists = new Map();
  let watchers = 0;
  let timer: NodeJS.Timeout | null = null;
  let stage: 'new' | 'begun' | 'ended' = 'new';

  function onNews(): void {
    relist();
    for (const listener of listeners) listener();
  }

  function discovering(): Entry[] {
    return [...entries.values()].filter(({ peer }) => peer.discover);
  }

  function relist(): void {
    const own = new Map(discovering().map(({ peer, line }) => [peer.id, line.own()]));
    const isSame = own.size === lists.size && [...own].every(([id, list]) => lists.get(id) === list);
    if (!isSame) lists = own;
  }

  function look(): void {
    for (const { line } of entries.values()) void line.question();
  }

  function retime(): void {
    const isWanted = watchers > 0 && entries.size > 0 && stage !== 'ended';
    if (isWanted === (timer !== null)) return;
    if (timer !== null) clearInterval(timer);
    timer = isWanted ? setInterval(look, times.watchMs).unref() : null;
  }

  function entryFor(peer: PeerConfig, before: Entry | undefined): Entry {
    if (before === undefined || !isDeepStrictEqual(speakerOf(before.peer), speakerOf(peer))) {
      return { peer, line: createPeerLine(peer, { ask, log, times, onNews }) };
    }
    before.line.adopt(peer);
    return { peer, line: before.line };
  }

  function adopt(next: ReadonlyMap<PeerId, PeerConfig>): void {
    if (stage === 'ended') return;
    const before = entries;
    entries = new Map([...next].map(([id, peer]) => [id, entryFor(peer, before.get(id))]));
    for (const [id, { line }] of before) if (entries.get(id)?.line !== line) line.retire();
    relist();
    retime();
    if (stage !== 'begun') return;
    for (const { line } of entries.values()) if (!line.wasAsked) void line.question();
  }

  adopt(peers);
  return {
    recordOf: (peer, model) => entries.get(peer)?.line.recordOf(model) ?? null,
    listed: () => lists,
    look,
    watch() {
      watchers += 1;
      retime();
      look();
      let isWatching = true;
      return () => {
        if (!isWatching) return;
        isWatching = false;
        watchers -= 1;
        retime();
      };
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async askUntil(isFound) {
      const questions = discovering().flatMap(({ line }) => line.question() ?? []);
      if (questions.length === 0) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      const check = (): void => void (isFound() && resolve());
      const late = setTimeout(resolve, times.waitMs);
      listeners.add(check);
      await Promise.race([promise, Promise.all(questions)]);
      clearTimeout(late);
      listeners.delete(check);
    },
    begin() {
      stage = 'begun';
      look();
    },
    adopt,
    end() {
      stage = 'ended';
      retime();
      for (const { line } of entries.values()) line.retire();
    },
  };
}

/** What the answers of a peer depend on. */
function speakerOf({ upstream, apiKey }: PeerConfig): object {
  return { upstream, apiKey };
}
