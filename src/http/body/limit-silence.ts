import type { IncomingMessage } from 'node:http';

/**
 * Bounds the silence within a body that is streamed on, which nobody collects and whose length has no limit.
 *
 * INVARIANTS
 * - What counts is silence of the client's: while its reader holds the body up, there is none.
 * - It is told of once, and never after the end of the body.
 *
 * @param idleMs Silence after which the body is given up.
 * @returns Ends the watch.
 */
export function limitSilence(req: IncomingMessage, idleMs: number, onSilence: () => void): () => void {
  const clock = setTimeout(() => {
    if (req.isPaused()) {
      clock.refresh();
      return;
    }
    stop();
    onSilence();
  }, idleMs);
  const heard = (): void => void clock.refresh();
  const stop = (): void => {
    clearTimeout(clock);
    req.off('data', heard).off('resume', heard).off('end', stop).off('close', stop);
  };
  req.on('data', heard).on('resume', heard).once('end', stop).once('close', stop);
  return stop;
}
