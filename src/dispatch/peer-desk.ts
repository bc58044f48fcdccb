import { isDeepStrictEqual } from 'node:util';
import type { PeerConfig, PeerId } from '../config/types.ts';
import { GatewayError } from '../errors.ts';
import type { Upstream } from './lease.ts';

/**
 * Lends out the peers. There is nothing to load and no queue: it only counts, so that others can wait.
 *
 * INVARIANTS
 * - After `halt` has begun nothing more is lent.
 * - `halt` resolves when the last lease is back, or when the time is over; then every connection is ended.
 * - A peer that is no longer configured, or at another address, keeps its connections until its last lease is back.
 */
export interface PeerDesk {
  /** @throws GatewayError `shutting_down`, or `model_not_found` for a peer that is no longer configured. */
  acquire(peer: PeerId): PeerLease;
  /** Goes on with other peers. */
  adopt(peers: ReadonlyMap<PeerId, PeerConfig>): void;
  /** @param drainMs how long requests in flight may take */
  halt(drainMs: number): Promise<void>;
  /** Ends every connection at once. */
  cut(): void;
}

interface PeerLease {
  readonly upstream: Upstream;
  /** Gives it back; a second call does nothing. */
  release(): void;
}

/** A peer's address with its connections, which live as long as the configuration that names it. */
export interface PeerUpstream extends Upstream {
  /** Ends every connection; none can be opened afterwards. */
  close(): void;
}

interface Line {
  readonly config: PeerConfig;
  readonly upstream: PeerUpstream;
  lent: number;
  isRetired: boolean;
}

/** @param connect makes the connections to a peer */
export function createPeerDesk(
  peers: ReadonlyMap<PeerId, PeerConfig>,
  connect: (peer: PeerConfig) => PeerUpstream,
): PeerDesk {
  const lines = new Set<Line>();
  let current = new Map<PeerId, Line>();
  let halting: Promise<void> | null = null;
  let whenIdle = (): void => {};

  function adopt(next: ReadonlyMap<PeerId, PeerConfig>): void {
    const before = current;
    current = new Map([...next].map(([id, config]) => [id, lineFor(config, before.get(id))]));
    const kept = new Set(current.values());
    for (const line of before.values()) {
      if (kept.has(line)) continue;
      line.isRetired = true;
      closeIfDone(line);
    }
  }

  function lineFor(config: PeerConfig, before: Line | undefined): Line {
    if (before !== undefined && isDeepStrictEqual(connectionOf(before.config), connectionOf(config))) return before;
    const line = { config, upstream: connect(config), lent: 0, isRetired: false };
    lines.add(line);
    return line;
  }

  function closeIfDone(line: Line): void {
    if (!line.isRetired || line.lent > 0) return;
    lines.delete(line);
    line.upstream.close();
  }

  function lentInAll(): number {
    return [...lines].reduce((sum, { lent }) => sum + lent, 0);
  }

  function giveBack(line: Line): void {
    line.lent -= 1;
    closeIfDone(line);
    if (halting !== null && lentInAll() === 0) whenIdle();
  }

  function cut(): void {
    for (const { upstream } of lines) upstream.close();
  }

  function drained(drainMs: number): Promise<void> {
    if (lentInAll() === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const late = setTimeout(resolve, drainMs);
      whenIdle = () => {
        clearTimeout(late);
        resolve();
      };
    });
  }

  adopt(peers);
  return {
    acquire(peer) {
      if (halting !== null) throw new GatewayError('shutting_down', 'the gateway is shutting down');
      const line = current.get(peer);
      // A reload may take it away between the reading of a request and now.
      if (line === undefined) throw new GatewayError('model_not_found', `the peer ${peer} is no longer configured`);
      line.lent += 1;
      let held = true;
      return {
        upstream: line.upstream,
        release() {
          if (!held) return;
          held = false;
          giveBack(line);
        },
      };
    },
    adopt,
    halt: (drainMs) => (halting ??= drained(drainMs).then(cut)),
    cut,
  };
}

/** What its connections depend on; models, keys and filters may change without touching them. */
function connectionOf({ upstream, timeouts }: PeerConfig): object {
  return { upstream, timeouts };
}
