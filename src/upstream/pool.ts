import type { Socket } from 'node:net';
import type { UpstreamTimeouts } from '../config/types.ts';
import { createIdleLimit } from './keep-alive.ts';
import type { Room } from './room.ts';

/** A connection that carries one exchange after the other. */
export interface Pooled {
  readonly socket: Socket;
  /** Whether it carries one now. */
  readonly isBusy: boolean;
  /** Since when it has waited for a request, and for how long the server lets it; in ms, of `performance.now()`. */
  idleSince: number;
  idleMs: number | null;
}

/** All connections to one upstream that go one way. */
export interface Pool<Connection extends Pooled> {
  /** A free one: that which was used last, since the others may grow old. Null when there is none. */
  take(): Connection | null;
  /** One that is being opened. */
  add(connection: Connection): void;
  /** Its exchange went well: it is kept for another, or ended. */
  freed(connection: Connection): void;
  /** It is closed. @param wasCut whether an exchange was cut by this */
  gone(connection: Connection, wasCut: boolean): void;
  /** Ends those that nobody uses. */
  dropFree(): void;
  /**
   * Ends all of them, and every one that is opened from now on.
   *
   * @returns whether an exchange was cut, now or within the last second: the server may not have noticed yet.
   */
  close(): boolean;
}

export const MOST_FREE = 1_024;
/** Between two looks for those that have been free for too long. */
const SWEEP_MS = 1_000;
/** How long a llama-server may take to notice that a client is gone. */
const NOTICE_MS = 1_000;

/**
 * INVARIANTS
 * - A free connection is dropped before the server would close it: a request sent into a closing connection is lost.
 * - None ever keeps a request waiting: see `Room`.
 * - A connection in use has no idle limit: a model may think for as long as it likes.
 * - After `close` there is no connection, and none stays open.
 */
export function createPool<Connection extends Pooled>(timeouts: UpstreamTimeouts, room: Room): Pool<Connection> {
  const all = new Set<Connection>();
  const idleLimit = createIdleLimit(timeouts);
  let free: Connection[] = [];
  let sweep: NodeJS.Timeout | null = null;
  let lastCutAt = -Infinity;
  let closed = false;

  function isFresh({ idleSince, idleMs, socket }: Connection, now: number): boolean {
    return now - idleSince < idleLimit(idleMs) && socket.writable;
  }

  function dropOld(): void {
    const now = performance.now();
    const old = free.filter((connection) => !isFresh(connection, now));
    free = free.filter((connection) => !old.includes(connection));
    for (const { socket } of old) socket.destroy();
    if (free.length > 0 || sweep === null) return;
    clearInterval(sweep);
    sweep = null;
  }

  return {
    take() {
      const now = performance.now();
      for (let last = free.pop(); last !== undefined; last = free.pop()) {
        if (isFresh(last, now)) return last;
        last.socket.destroy();
      }
      return null;
    },
    add(connection) {
      all.add(connection);
      if (closed) connection.socket.destroy(new Error('the upstream is being stopped'));
      else room.opened(connection.socket);
    },
    freed(connection) {
      if (closed || room.isShort() || free.length >= MOST_FREE || idleLimit(connection.idleMs) <= 0) {
        connection.socket.destroy();
        return;
      }
      connection.idleSince = performance.now();
      free.push(connection);
      sweep ??= setInterval(dropOld, SWEEP_MS).unref();
    },
    gone(connection, wasCut) {
      if (!all.delete(connection)) return;
      if (wasCut) lastCutAt = performance.now();
      const place = free.indexOf(connection);
      if (place !== -1) free.splice(place, 1);
    },
    dropFree() {
      for (const { socket } of free.splice(0)) socket.destroy();
    },
    close() {
      closed = true;
      const wasCut = [...all].some(({ isBusy }) => isBusy);
      for (const { socket } of all) socket.destroy();
      return wasCut || performance.now() - lastCutAt < NOTICE_MS;
    },
  };
}
