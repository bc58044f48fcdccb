import type { IncomingMessage } from 'node:http';

/** What is kept of one body; the rest waits in its connection. */
export const MOST_AHEAD_BYTES = 16 * 1024 * 1024;

/**
 * Reads a body that is to be streamed on while there is nobody yet to stream it to: the end of a connection that nobody
 * reads is never noticed, and the model of a client that has left would be loaded for nobody.
 *
 * INVARIANTS
 * - At most MOST_AHEAD_BYTES and one chunk are kept; whether a client with more to send is there is not known any more.
 * - The end of the body stays unread: nothing can be put back behind it.
 *
 * @returns Puts back what was read. To be called once.
 */
export function readAhead(req: IncomingMessage): () => void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const onReadable = (): void => {
    while (!req.complete && bytes < MOST_AHEAD_BYTES) {
      const chunk = req.read() as Buffer | null;
      if (chunk === null) return;
      bytes += chunk.length;
      chunks.push(chunk);
    }
  };
  req.on('readable', onReadable);
  return () => {
    req.off('readable', onReadable);
    for (const chunk of chunks.reverse()) req.unshift(chunk);
  };
}
