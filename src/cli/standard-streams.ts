import type { Writable } from 'node:stream';

/** A reader that has not taken what is left after so long is not waited for. */
const LAST_WORDS_MS = 1_000;

/**
 * What is written to a terminal is kept until it is taken, as for a pipe. Node would wait for the terminal instead, and
 * with it everybody whom this program serves: for one that is paused, or whose connection hangs, for as long as it is.
 */
export function waitForNoTerminal(stream: NodeJS.WriteStream): void {
  // Not part of node's interface, so it may be gone one day; a test with a terminal holds that it is there.
  const { _handle: handle } = stream as { _handle?: { setBlocking?(isBlocking: boolean): unknown } };
  if (stream.isTTY) handle?.setBlocking?.(false);
}

/** Resolves when everything that was written has been taken, or when nobody seems to take it. */
export async function lastWords(streams: readonly Writable[], limitMs: number = LAST_WORDS_MS): Promise<void> {
  const { promise: isLate, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, limitMs);
  await Promise.race([Promise.all(streams.map(taken)), isLate]);
  clearTimeout(timer);
}

function taken(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    if (stream.writableLength === 0) resolve();
    else stream.write('', () => resolve());
  });
}
