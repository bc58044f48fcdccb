import type { Request, Response } from 'express';

/** What a reader may be behind before it loses something. */
const MAX_BUFFERED_BYTES = 256 * 1024;

/** An answer that goes on until the client leaves or the gateway closes. */
export interface EndlessAnswer {
  /** Sends text, or loses it when the reader is too slow; how much it lost is told as soon as it reads again. */
  write(text: string): void;
  /** Runs once, when the answer is over. */
  onOver(cleanUp: () => void): void;
}

/**
 * INVARIANTS
 * - At most MAX_BUFFERED_BYTES and one chunk are held for a reader, however slow it is.
 * - `onOver` runs for every answer, also when the client is gone already.
 *
 * @param lost Makes the marker for so many bytes that the reader did not get.
 */
export function beginEndless(
  req: Request,
  res: Response,
  contentType: string,
  lost: (bytes: number) => string,
  closing?: AbortSignal,
): EndlessAnswer {
  let lostBytes = 0;
  res.writeHead(200, {
    'content-type': contentType,
    'cache-control': 'no-cache, no-transform',
    'x-content-type-options': 'nosniff',
    'x-accel-buffering': 'no',
  });
  // At once: a log that is silent must not look like a server that does not answer.
  res.flushHeaders();
  const end = (): void => {
    res.end();
  };
  if (req.method === 'HEAD' || closing?.aborted === true) end();
  closing?.addEventListener('abort', end, { once: true });
  res.once('close', () => closing?.removeEventListener('abort', end));

  return {
    write(text) {
      if (text === '' || res.writableEnded || res.destroyed) return;
      if (res.writableLength > MAX_BUFFERED_BYTES) {
        if (lostBytes === 0) {
          res.once('drain', () => {
            res.write(lost(lostBytes));
            lostBytes = 0;
          });
        }
        lostBytes += Buffer.byteLength(text);
        return;
      }
      res.write(text);
    },
    onOver(cleanUp) {
      if (res.closed || res.destroyed) cleanUp();
      else res.once('close', cleanUp);
    },
  };
}
