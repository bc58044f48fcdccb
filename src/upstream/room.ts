import type { Socket } from 'node:net';

/** A new connection that has heard nothing for this long may be waiting for the free ones. */
const MAKE_ROOM_MS = 50;

/**
 * Sees to it that new connections get an answer. Some servers have a thread for each connection, and an idle one holds its
 * thread too: a burst of requests to llama-server could leave the last ones waiting until it gives up the connections of
 * the first.
 */
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
