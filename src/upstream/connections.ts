import type { UpstreamTimeouts } from '../config/types.ts';
import { type Connection, type ExchangeSink, openConnection } from './connection.ts';
import { createIdleLimit, MOST_FREE, NOTICE_MS, type Room, tcpKeepAliveMs } from './free-connections.ts';
import { requestBytes, type UpstreamRequest } from './request-bytes.ts';

/** The plain connections to one upstream, each for one request at a time. */
export interface Connections {
  /**
   * Sends a request on a free connection, or a new one.
   *
   * @param sent is called when all of it is out
   * @returns The connection, which carries another exchange when this one is over.
   */
  exchange(request: UpstreamRequest, sink: ExchangeSink, sent: (() => void) | null): Connection;
  /** Ends those that nobody uses. */
  dropFree(): void;
  /**
   * Ends all of them, and every one that is opened from now on.
   *
   * @returns whether a request was cut off, now or within the last second: the server may not have noticed yet.
   */
  close(): boolean;
}

/** Between two looks for those that have been free for too long. */
const SWEEP_MS = 1_000;

/**
 * INVARIANTS
 * - A connection carries one exchange at a time; free ones keep to the rules of `free-connections.ts`.
 * - A connection in use has no idle limit: a model may think for as long as it likes.
 * - After `close` there is no connection, and none stays open.
 *
 * @param address where the upstream listens now
 */
export function createConnections(
  address: () => { readonly host: string; readonly port: number },
  timeouts: UpstreamTimeouts,
  room: Room,
): Connections {
  const all = new Set<Connection>();
  const idleLimit = createIdleLimit(timeouts);
  let free: Connection[] = [];
  let sweep: NodeJS.Timeout | null = null;
  let lastCutAt = -Infinity;
  let closed = false;

  const owner = {
    freed(connection: Connection): void {
      if (closed || room.isShort() || free.length >= MOST_FREE || idleLimit(connection.idleMs) <= 0) {
        connection.socket.destroy();
        return;
      }
      connection.idleSince = performance.now();
      free.push(connection);
      sweep ??= setInterval(dropOld, SWEEP_MS).unref();
    },
    closed(connection: Connection, wasBusy: boolean): void {
      if (!all.delete(connection)) return;
      if (wasBusy) lastCutAt = performance.now();
      const place = free.indexOf(connection);
      if (place !== -1) free.splice(place, 1);
    },
  };

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

  /** The one that was used last: the others may grow old. */
  function take(): Connection {
    const now = performance.now();
    for (let last = free.pop(); last !== undefined; last = free.pop()) {
      if (isFresh(last, now)) return last;
      last.socket.destroy();
    }
    return open();
  }

  function open(): Connection {
    const { host, port } = address();
    const options = { host, port, connectMs: timeouts.connectMs, keepAliveMs: tcpKeepAliveMs(timeouts) };
    const connection = openConnection(options, owner);
    all.add(connection);
    if (closed) connection.socket.destroy(new Error('the upstream is being stopped'));
    else room.opened(connection.socket);
    return connection;
  }

  return {
    exchange(request, sink, sent) {
      const connection = take();
      connection.send(request.method, requestBytes(request), sink, sent);
      return connection;
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
