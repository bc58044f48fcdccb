import type { UpstreamConfig, UpstreamTimeouts } from '../config/types.ts';
import { createUpstreamAgent, type UpstreamAgent } from './agent.ts';
import { type Connections, createConnections } from './connections.ts';
import { createRoom } from './room.ts';

/** Every connection to one incarnation of a model, whoever opens it. */
export interface Pools {
  /** For node's client. */
  readonly agent: UpstreamAgent['agent'];
  /** For ours; null over TLS, which it does not speak. */
  readonly connections: Connections | null;
  /**
   * Ends every connection, and every one that is opened from now on.
   *
   * @returns whether a request was cut off, now or within the last second: the server may not have noticed yet.
   */
  close(): boolean;
}

/** @param address where the upstream listens now */
export function createPools(
  protocol: UpstreamConfig['protocol'],
  address: () => { readonly host: string; readonly port: number },
  timeouts: UpstreamTimeouts,
): Pools {
  const room = createRoom(() => {
    agent.dropFree();
    connections?.dropFree();
  });
  const agent = createUpstreamAgent(protocol, timeouts, room);
  const connections = protocol === 'http:' ? createConnections(address, timeouts, room) : null;
  return {
    agent: agent.agent,
    connections,
    close() {
      const ours = connections?.close() ?? false;
      return agent.close() || ours;
    },
  };
}
