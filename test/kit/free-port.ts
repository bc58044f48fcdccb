import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below the ports that systems give to outgoing connections, where a free one may be taken a moment later. */
const LOWEST = 10_000;
const HIGHEST = 30_000;

/** A port of 127.0.0.1 that nobody listened on a moment ago. */
export function freePort(): Promise<number> {
  return freePorts(1);
}

/** The first of some ports of 127.0.0.1, one after the other, that nobody listened on a moment ago. */
export async function freePorts(count: number): Promise<number> {
  for (;;) {
    // Tests that run side by side start their search at different places.
    const first = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST - count));
    const free = await Promise.all(Array.from({ length: count }, (_, i) => isFree(first + i)));
    if (free.every(Boolean)) return first;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
