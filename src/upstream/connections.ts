import type { UpstreamTimeouts } from '../config/types.ts';
import { type Connection, type ExchangeSink, openConnection } from './connection.ts';
import { tcpKeepAliveMs } from './keep-alive.ts';
import { createPool, type Pool } from './pool.ts';
import { requestBytes, type UpstreamRequest } from './request-bytes.ts';
import type { Room } from './room.ts';

/** The plain connections to one upstream, each for one request at a time. */
export interface Connections extends Pick<Pool<Connection>, 'dropFree' | 'close'> {
  /**
   * Sends a request on a free connection, or a new one.
   *
   * @param sent is called when all of it is out
   * @returns The connection, which carries another exchange when this one is over.
   */
  exchange(request: UpstreamRequest, sink: ExchangeSink, sent: (() => void) | null): Connection;
}

/** @param address where the upstream listens now */
export function createConnections(
  address: () => { readonly host: string; readonly port: number },
  timeouts: UpstreamTimeouts,
  room: Room,
): Connections {
  const pool = createPool<Connection>(timeouts, room);

  function open(): Connection {
    const { host, port } = address();
    const options = { host, port, connectMs: timeouts.connectMs, keepAliveMs: tcpKeepAliveMs(timeouts) };
    const connection = openConnection(options, pool);
    pool.add(connection);
    return connection;
  }

  return {
    exchange(request, sink, sent) {
      const connection = pool.take() ?? open();
      connection.send(request.method, requestBytes(request), sink, sent);
      return connection;
    },
    dropFree: pool.dropFree,
    close: pool.close,
  };
}
