import type { Writable } from 'node:stream';

/** What a reader may be behind before it loses something, in bytes. */
const MAX_BUFFERED = 1024 * 1024;

/**
 * Makes a function that writes to a stream whose reader may stall (a paused terminal, a full pipe): beyond a limit it loses
 * text rather than memory, and is told how much as soon as it reads again.
 */
export function lossyOutput(stream: Writable, maxBuffered: number = MAX_BUFFERED): (text: string) => void {
  let lost = 0;
  return (text) => {
    if (stream.writableLength <= maxBuffered) {
      stream.write(text);
      return;
    }
    if (lost === 0) {
      stream.once('drain', () => {
        stream.write(`\n— ${lost} bytes dropped —\n`);
        lost = 0;
      });
    }
    lost += Buffer.byteLength(text);
  };
}
