import { isDeepStrictEqual } from 'node:util';
import type { PeerConfig } from '../config/types.ts';
import type { Unreadable } from './read-list.ts';
import type { PeerList, PeerRecord } from './record.ts';

/** How one peer is asked. Milliseconds. */
export interface LineTimes {
  /** From one question to the next: nobody who looks makes it more. */
  readonly restMs: number;
  /** The same after a question that was not answered: servers that start together should find each other soon. */
  readonly retryMs: number;
  /** How long a peer that does not answer is taken at its last word about what is loaded. */
  readonly forgetMs: number;
}

export interface LineParts {
  /** Asks for the models. Must not reject. */
  readonly ask: (peer: PeerConfig, signal: AbortSignal) => Promise<PeerList | Unreadable>;
  readonly log: { info(message: string): void; warn(message: string): void };
  readonly times: LineTimes;
  /** Called when anything is known that was not. */
  readonly onNews: () => void;
}

/**
 * One peer and what it said last.
 *
 * INVARIANTS
 * - At most one question is open, and no two begin within `restMs`, or `retryMs`.
 * - Only an answer that can be read as a whole replaces what was known. Any other costs one line of the log, until the
 *   next that can be read.
 * - Nothing is asked and nothing heard any more after `retire`.
 */
export interface PeerLine {
  readonly wasAsked: boolean;
  /** The names of the peer's own models; the same list for as long as nothing has changed. */
  own(): readonly string[];
  recordOf(model: string): PeerRecord | null;
  /** Asks, unless it is being asked. @returns The open question, or null when the peer may not be asked yet. */
  question(): Promise<void> | null;
  /** Goes on with another definition of the same peer. */
  adopt(peer: PeerConfig): void;
  retire(): void;
}

const NO_LIST: PeerList = { records: new Map(), own: [] };

export function createPeerLine(first: PeerConfig, { ask, log, times, onNews }: LineParts): PeerLine {
  const retired = new AbortController();
  let peer = first;
  let list = NO_LIST;
  let askedAt = -Infinity;
  let answeredAt = -Infinity;
  let asking: Promise<void> | null = null;
  let isFailing = false;
  /** It has not answered for so long that nothing is said to be loaded there. */
  let isSilent = false;

  async function inquire(): Promise<void> {
    const answer = await ask(peer, retired.signal);
    asking = null;
    if (retired.signal.aborted) return;
    if ('wrong' in answer) hearNothing(answer);
    else hear(answer);
  }

  function hear(answer: PeerList): void {
    if (isFailing) log.info(`the peer ${peer.id} tells its models again`);
    const isNews = isSilent || !isDeepStrictEqual(list, answer);
    isFailing = false;
    isSilent = false;
    answeredAt = performance.now();
    if (!isNews) return;
    list = answer;
    onNews();
  }

  function hearNothing({ wrong }: Unreadable): void {
    if (!isFailing) log.warn(`the peer ${peer.id} does not tell its models, and what is known of them stays: ${wrong}`);
    isFailing = true;
    if (isSilent || list === NO_LIST || performance.now() - answeredAt <= times.forgetMs) return;
    isSilent = true;
    onNews();
  }

  return {
    get wasAsked() {
      return askedAt !== -Infinity;
    },
    own: () => list.own,
    recordOf(model) {
      const record = list.records.get(model) ?? null;
      return record !== null && isSilent ? { ...record, isLoaded: false } : record;
    },
    question() {
      if (asking !== null || retired.signal.aborted) return asking;
      if (performance.now() - askedAt < (isFailing ? times.retryMs : times.restMs)) return null;
      askedAt = performance.now();
      asking = inquire();
      return asking;
    },
    adopt(next) {
      peer = next;
    },
    retire: () => retired.abort(),
  };
}
