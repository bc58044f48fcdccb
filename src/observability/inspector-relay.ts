import { once } from 'node:events';
import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { InspectionEvent } from 'xstate';
import type { WebSocketServer } from 'ws';
import { http } from '../node-http.ts';
import { toInspectorMessage } from './inspector-messages.ts';
import type { ActorMessage, InspectorMessage, SnapshotMessage } from './inspector-messages.ts';
import { inspectorPage } from './inspector-page.ts';
import { safely } from './safely.ts';

/** A viewer that falls further behind than this is cut off rather than buffered for; it comes back by itself. */
const MAX_BEHIND_BYTES = 4 * 1024 * 1024;

/** Stately's inspector for those who want that tool: a page, and the WebSocket that it listens to. */
export interface InspectorRelay {
  /** For the browser. Also, with `ws:`, for anything that speaks the protocol of `@statelyai/inspect`. */
  readonly url: string;
  /** To be handed to XState, before the root actor is made. Never throws. */
  readonly inspect: (event: InspectionEvent) => void;
  close(): Promise<void>;
}

/**
 * INVARIANTS
 * - Only this machine reaches it, and of the pages in its browsers only the relay's own: a foreign origin, and a
 *   foreign name that points here, are refused.
 * - States and the types of events leave, contexts and payloads do not.
 * - A viewer that comes late is told the present state of every living actor first.
 *
 * @param options.port 0 (the default) takes a free one.
 * @throws Error When the optional package `ws` is not installed.
 */
export async function startInspectorRelay(
  options: { port?: number; report?: (message: string) => void } = {},
): Promise<InspectorRelay> {
  const { WebSocketServer } = await loadWebSockets();
  const server = http.createServer((request, response) => {
    const { html, headers } = inspectorPage();
    if (!isForUs(request, server)) response.writeHead(403).end();
    else response.writeHead(200, headers).end(html);
  });
  const viewers = new WebSocketServer({
    server,
    maxPayload: 1024,
    verifyClient: ({ req }: { req: IncomingMessage }) => isForUs(req, server),
  });
  const living = new Map<string, { actor: ActorMessage; snapshot: SnapshotMessage | null }>();

  viewers.on('connection', (viewer) => {
    viewer.on('error', () => viewer.terminate());
    for (const { actor, snapshot } of living.values()) {
      viewer.send(JSON.stringify(actor));
      if (snapshot !== null) viewer.send(JSON.stringify(snapshot));
    }
  });
  viewers.on('error', () => {});
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');

  function remember(message: InspectorMessage): void {
    if (message.type === '@xstate.actor') living.set(message.sessionId, { actor: message, snapshot: null });
    if (message.type !== '@xstate.snapshot') return;
    const known = living.get(message.sessionId);
    if (known === undefined) return;
    if (message.snapshot.status === 'active') known.snapshot = message;
    else living.delete(message.sessionId);
  }

  function inspect(event: InspectionEvent): void {
    const message = toInspectorMessage(event, Date.now());
    if (message === null) return;
    remember(message);
    if (viewers.clients.size > 0) broadcast(viewers, JSON.stringify(message));
  }

  return {
    url: `http://127.0.0.1:${portOf(server)}`,
    inspect: safely('the inspector relay', inspect, options.report ?? (() => {})),
    async close() {
      for (const viewer of viewers.clients) viewer.terminate();
      viewers.close();
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

async function loadWebSockets() {
  try {
    return await import('ws');
  } catch {
    throw new Error('--inspect needs the package "ws", which is not installed: npm install ws');
  }
}

function broadcast(viewers: WebSocketServer, text: string): void {
  for (const viewer of viewers.clients) {
    if (viewer.bufferedAmount > MAX_BEHIND_BYTES) viewer.terminate();
    else viewer.send(text);
  }
}

/** A browser always says which page it asks for; programs that are none send no origin. */
function isForUs({ headers }: IncomingMessage, server: Server): boolean {
  const hosts = [`127.0.0.1:${portOf(server)}`, `localhost:${portOf(server)}`];
  if (!hosts.includes(headers.host ?? '')) return false;
  return headers.origin === undefined || headers.origin === `http://${headers.host}`;
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
