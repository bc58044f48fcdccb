import type { Socket } from 'node:net';

/** A client that speaks before its WebSocket is open is odd; one that says more than this is hostile. */
const MAX_EARLY_BYTES = 64 * 1024;

/**
 * Reads a socket on which nothing is expected yet: the end of a socket that nobody reads is never noticed, and a client
 * that has left would go on waiting for its model. A client that ends its side is gone, and is cut.
 *
 * @param head What has been read already.
 * @returns Stops the watch and puts back what was read. To be called once.
 */
export function watchIdleSocket(socket: Socket, head: Buffer): () => void {
  const early = [head];
  let bytes = head.length;
  const onData = (chunk: Buffer): void => {
    bytes += chunk.length;
    early.push(chunk);
    if (bytes > MAX_EARLY_BYTES) socket.destroy();
  };
  const onEnd = (): void => {
    socket.destroy();
  };
  socket.on('data', onData).once('end', onEnd);
  return () => {
    socket.off('data', onData).off('end', onEnd);
    socket.pause();
    if (bytes > 0) socket.unshift(Buffer.concat(early));
  };
}
