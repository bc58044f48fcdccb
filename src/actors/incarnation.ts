import type { Duplex } from 'node:stream';
import type { UpstreamConfig, UpstreamTimeouts } from '../config/types.ts';
import type { Upstream, UpstreamTarget } from '../dispatch/lease.ts';
import { createOutputTail } from '../process/output-tail.ts';
import { createPools } from '../upstream/pools.ts';

/**
 * One running process of one model, as far as connections and output go.
 *
 * INVARIANTS
 * - Every connection of the gateway to the process is in its pools or tracked here.
 * - After `closeConnections` none is left and none can be made.
 */
export interface Incarnation extends Upstream {
  readonly pid: number;
  /** The address that answered; forwarding then needs no lookup. */
  rememberAddress(address: string): void;
  /**
   * Ends every connection, because the gateway is about to stop the process.
   *
   * @returns whether somebody was cut off, now or a moment ago, so that the process may not have noticed yet.
   */
  end(): boolean;
  /** Ends every connection, upgraded ones included: the process is gone. */
  closeConnections(): void;
  /** Takes what the process printed. */
  printed(chunk: Buffer): void;
  /** Calls back on every output. @returns Ends that. */
  onOutput(listener: () => void): () => void;
  /** The last lines it printed, as printed. */
  lastLines(count: number): string[];
}

export function createIncarnation(pid: number, address: UpstreamConfig, timeouts: UpstreamTimeouts): Incarnation {
  const upgraded = new Set<Duplex>();
  const listeners = new Set<() => void>();
  const tail = createOutputTail();
  let target = targetOf(address, address.hostname);
  const pools = createPools(address.protocol, () => target, timeouts);
  let closed = false;
  let ending = false;

  function closeConnections(): boolean {
    closed = true;
    const wasInUse = pools.close() || upgraded.size > 0;
    for (const socket of upgraded) socket.destroy();
    upgraded.clear();
    return wasInUse;
  }

  return {
    pid,
    get target() {
      return target;
    },
    agent: pools.agent,
    connections: pools.connections,
    responseHeaderMs: timeouts.responseHeaderMs,
    track(socket) {
      if (closed) {
        socket.destroy();
        return;
      }
      upgraded.add(socket);
      socket.once('close', () => upgraded.delete(socket));
    },
    rememberAddress(ip) {
      // A certificate is issued to the name, so TLS keeps it.
      if (address.protocol === 'http:') target = targetOf(address, ip);
    },
    isEnding: () => ending,
    end() {
      ending = true;
      return closeConnections();
    },
    closeConnections,
    printed(chunk) {
      tail.push(chunk);
      for (const listener of listeners) listener();
    },
    onOutput(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    lastLines: (count) => tail.lines(count),
  };
}

export function targetOf({ protocol, port, basePath }: UpstreamConfig, host: string): UpstreamTarget {
  return { protocol, host, port, pathname: basePath };
}
