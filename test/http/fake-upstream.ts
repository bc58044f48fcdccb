import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Upstream } from '../../src/dispatch/lease.ts';
import { createPools } from '../../src/upstream/pools.ts';
import { NO_TIMEOUTS } from './fake-gateway.ts';

/** A model server on a real socket. */
export interface FakeUpstream {
  readonly server: Server;
  readonly upstream: Upstream;
  /** Connections accepted so far. */
  connections(): number;
  /** Sockets handed over with `track`. */
  readonly tracked: Duplex[];
  /** Cuts every connection, as a crash does. */
  crash(): void;
  close(): Promise<void>;
}

export async function startUpstream(
  listener: RequestListener,
  options: { responseHeaderMs?: number; pathname?: string; ending?: () => boolean; ownConnections?: boolean } = {},
): Promise<FakeUpstream> {
  const server = createServer({ keepAliveTimeout: 60_000 }, listener);
  const sockets = new Set<Socket>();
  let connections = 0;
  server.on('connection', (socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const pools = createPools('http:', () => ({ host: '127.0.0.1', port }), NO_TIMEOUTS);
  const tracked: Duplex[] = [];
  return {
    server,
    tracked,
    connections: () => connections,
    upstream: {
      target: {
        protocol: 'http:',
        host: '127.0.0.1',
        port,
        pathname: options.pathname ?? '',
      },
      agent: pools.agent,
      connections: options.ownConnections === false ? null : pools.connections,
      responseHeaderMs: options.responseHeaderMs ?? 0,
      isEnding: () => options.ending?.() ?? false,
      track: (socket) => tracked.push(socket),
    },
    crash() {
      for (const socket of sockets) socket.resetAndDestroy();
    },
    async close() {
      pools.close();
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

export async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Tells what it was asked. */
export const echo: RequestListener = (req: IncomingMessage, res: ServerResponse) => {
  void bodyOf(req).then((body) => {
    const answer = { method: req.method, url: req.url, headers: req.headers, body: body.toString('latin1') };
    res.setHeader('content-type', 'application/json');
    res.end(JSON.stringify(answer));
  });
};

export interface Echo {
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}
