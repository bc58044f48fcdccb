import type { Agent as HttpAgent } from 'node:http';
import type { Agent as HttpsAgent } from 'node:https';
import type { Duplex } from 'node:stream';
import type { ModelId, UnitId } from '../../machines/shared/ids.ts';
import type { Connections } from '../upstream/connections.ts';

/** Where one incarnation of a model's process listens. It dies with the process: never keep it beyond a lease. */
export interface Upstream {
  readonly target: UpstreamTarget;
  /** Holds the connections to this incarnation only; destroyed when the process ends. */
  readonly agent: HttpAgent | HttpsAgent;
  /** Plain connections for whole requests, faster than the agent's; null where there are none (TLS, peers). */
  readonly connections: Connections | null;
  /** Milliseconds to wait for response headers; 0 = no limit. */
  readonly responseHeaderMs: number;
  /** Whether the gateway itself is ending this incarnation: a request that breaks now must not start it again. */
  isEnding(): boolean;
  /** Hands over a socket that the agent does not know (an upgraded one), so that a stop can end it. */
  track(socket: Duplex): void;
}

/** The shape http-proxy-middleware takes without building a URL per request. */
export interface UpstreamTarget {
  readonly protocol: 'http:' | 'https:';
  /** A name, or an address without brackets. */
  readonly host: string;
  readonly port: number;
  /** Base path, '' or '/base'. */
  readonly pathname: string;
}

/** Which model is to answer, and what must be ready for it: the model alone, or a whole profile. */
export interface Destination {
  readonly unit: UnitId;
  readonly model: ModelId;
}

/** The right to use a model. While it is held the model is not swapped out. */
export interface Lease {
  readonly model: ModelId;
  readonly upstream: Upstream;
  /** Gives it back; a second call does nothing. */
  release(): void;
}

/** Turns requests into tickets, and grants into leases. */
export interface Desk {
  /** A lease without a wait and without a ticket, where the orchestrator has said that nobody needs one; else null. */
  take(destination: Destination): Lease | null;
  /**
   * Waits for a lease on the destination's model.
   *
   * @throws GatewayError when it is refused: the model cannot start, its queue is full, the gateway shuts down, …
   *   When `signal` aborts first, the ticket is withdrawn and the promise rejects with `client_closed_request`.
   */
  acquire(destination: Destination, signal: AbortSignal, options?: AcquireOptions): Promise<Lease>;
}

export interface AcquireOptions {
  /** Start the model even while it cools down after a failure. */
  readonly force?: boolean;
  /** No request of a client: it waits, for as long as it takes, until nobody uses or wants the models in its way. */
  readonly patient?: boolean;
}
