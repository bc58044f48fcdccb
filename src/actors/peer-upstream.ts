import type { Duplex } from 'node:stream';
import type { PeerConfig } from '../config/types.ts';
import type { PeerUpstream } from '../dispatch/peer-desk.ts';
import { targetOf } from './incarnation.ts';
import { createUpstreamAgent } from '../upstream/agent.ts';
import { createProxiedAgent, namesProxy } from '../upstream/proxied-agent.ts';
import { createRoom } from '../upstream/room.ts';

const LOOPBACK = /^(?:localhost|127\.\d+\.\d+\.\d+|::1)$/;

/**
 * The connections to a peer: a server that others run, so it is never started, stopped or asked for its health. Unless
 * it is on this machine, it is reached through the proxy that the environment names.
 */
export function createPeerUpstream({ upstream, timeouts }: PeerConfig): PeerUpstream {
  const isHere = LOOPBACK.test(upstream.hostname);
  const room = createRoom(() => pool.dropFree());
  const pool =
    isHere || !namesProxy(upstream.protocol, process.env)
      ? createUpstreamAgent(upstream.protocol, timeouts, room)
      : createProxiedAgent(upstream.protocol, timeouts, room, process.env);
  const upgraded = new Set<Duplex>();
  let closed = false;
  return {
    target: targetOf(upstream, upstream.hostname),
    agent: pool.agent,
    connections: null,
    responseHeaderMs: timeouts.responseHeaderMs,
    isEnding: () => closed,
    track(socket) {
      if (closed) {
        socket.destroy();
        return;
      }
      upgraded.add(socket);
      socket.once('close', () => upgraded.delete(socket));
    },
    close() {
      closed = true;
      pool.close();
      for (const socket of upgraded) socket.destroy();
    },
  };
}
