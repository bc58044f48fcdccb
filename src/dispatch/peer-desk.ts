import type { PeerId } from '../config/types.ts';
import { GatewayError } from '../errors.ts';
import type { Upstream } from './lease.ts';

/**
 * Lends out the peers. There is nothing to load and no queue: it only counts, so that a shutdown can wait.
 *
 * INVARIANTS
 * - After `halt` has begun nothing more is lent.
 * - `halt` resolves when the last lease is back, or when the time is over; then every connection is ended.
 */
export interface PeerDesk {
  /** @throws GatewayError `shutting_down`. */
  acquire(peer: PeerId): PeerLease;
  /** @param drainMs how long requests in flight may take */
  halt(drainMs: number): Promise<void>;
  /** Ends every connection at once. */
  cut(): void;
}

export interface PeerLease {
  readonly upstream: Upstream;
  /** Gives it back; a second call does nothing. */
  release(): void;
}

/** A peer's address with its connections, which live as long as the configuration that names it. */
export interface PeerUpstream extends Upstream {
  /** Ends every connection; none can be opened afterwards. */
  close(): void;
}

export function createPeerDesk(upstreams: ReadonlyMap<PeerId, PeerUpstream>): PeerDesk {
  let halting: Promise<void> | null = null;
  let lent = 0;
  let whenIdle = (): void => {};

  function cut(): void {
    for (const upstream of upstreams.values()) upstream.close();
  }

  function drained(drainMs: number): Promise<void> {
    if (lent === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const late = setTimeout(resolve, drainMs);
      whenIdle = () => {
        clearTimeout(late);
        resolve();
      };
    });
  }

  return {
    acquire(peer) {
      if (halting !== null) throw new GatewayError('shutting_down', 'the gateway is shutting down');
      const upstream = upstreams.get(peer);
      if (upstream === undefined) throw new Error(`no connections to the peer ${peer}`);
      lent += 1;
      let held = true;
      return {
        upstream,
        release() {
          if (!held) return;
          held = false;
          lent -= 1;
          if (lent === 0) whenIdle();
        },
      };
    },
    halt: (drainMs) => (halting ??= drained(drainMs).then(cut)),
    cut,
  };
}
