import type { Socket } from 'node:net';
import type { UpstreamTimeouts } from '../config/types.ts';

/*
 * What holds for the free connections to an upstream, whoever keeps them:
 * - One is dropped before the server would close it: a request sent into a closing connection is lost.
 * - None ever keeps a request waiting. Some servers have a thread for each connection, and an idle one holds its thread
 *   too: a burst of requests to llama-server could leave the last ones waiting until it gives up the connections of the
 *   first.
 */

/** llama-server, uvicorn and Node close after 5 s; a server that waits longer loses nothing by this. */
const DEFAULT_IDLE_MS = 4_000;
/** How long before the announced end a connection is given up. */
const MARGIN_MS = 1_000;
/** A new connection that has heard nothing for this long may be waiting for the free ones. */
const MAKE_ROOM_MS = 50;

export const MOST_FREE = 1_024;
/** How long a llama-server may take to notice that a client is gone. */
export const NOTICE_MS = 1_000;

/** Of silence, before TCP asks whether the other side is there. */
export function tcpKeepAliveMs({ keepAliveMs }: UpstreamTimeouts): number {
  return keepAliveMs || 30_000;
}

/** @returns how long (ms) a connection may be free, given how long the server says that it waits; 0 or less: not at all. */
export function createIdleLimit({ idleConnectionMs }: UpstreamTimeouts): (announcedMs: number | null) => number {
  const usualMs = Math.min(DEFAULT_IDLE_MS, idleConnectionMs || DEFAULT_IDLE_MS);
  return (announcedMs) => (announcedMs === null ? usualMs : Math.min(usualMs, announcedMs - MARGIN_MS));
}

/** The `timeout` of a `Keep-Alive` header, in milliseconds; null when there is none. */
export function announcedIdleMs(keepAlive: string): number | null {
  const seconds = /(?:^|[\s,])timeout=(\d+)/i.exec(keepAlive)?.[1];
  return seconds === undefined ? null : Number(seconds) * 1_000;
}

/** Sees to it that new connections get an answer. */
export interface Room {
  /** A connection is being opened. */
  opened(socket: Socket): void;
  /** Whether one still waits for its first byte: until then none is to be kept free. */
  isShort(): boolean;
}

/** @param dropFree ends all free connections */
export function createRoom(dropFree: () => void): Room {
  const unanswered = new Set<Socket>();
  return {
    opened(socket) {
      const timer = setTimeout(() => {
        if (socket.bytesRead > 0) return;
        unanswered.add(socket);
        dropFree();
      }, MAKE_ROOM_MS);
      socket.once('close', () => {
        clearTimeout(timer);
        unanswered.delete(socket);
      });
    },
    isShort() {
      for (const socket of unanswered) {
        if (socket.bytesRead === 0) return true;
        unanswered.delete(socket);
      }
      return false;
    },
  };
}
