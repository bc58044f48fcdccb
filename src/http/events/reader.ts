import type { Response } from 'express';

/** Frames that wait for a reader, and their characters; what comes then is lost. */
const LONGEST_QUEUE = 1024;
const LARGEST_QUEUE = 8 * 1024 * 1024;

/** Somebody who reads frames. */
export interface Reader {
  send(frame: string): void;
}

/**
 * INVARIANTS
 * - A slow reader holds up nobody and at most LONGEST_QUEUE frames of LARGEST_QUEUE characters.
 * - One that has lost something is told how much, and what it needs to be right again, as soon as it reads on. Until then
 *   it gets nothing more: a later frame's id would say that nothing is missing.
 *
 * @param lost Hears of the first frame that is lost.
 * @param catchUp Frames that say how things are now.
 */
export function createReader(res: Response, lost: () => void, catchUp: () => readonly string[]): Reader {
  let queue: string[] = [];
  let queued = 0;
  let dropped = 0;
  let blocked = false;

  function write(frame: string): void {
    blocked = !res.write(frame);
    if (blocked) res.once('drain', flush);
  }

  function flush(): void {
    blocked = false;
    const batch = queue;
    queue = [];
    queued = 0;
    if (dropped > 0) {
      batch.push(`: ${dropped} frames dropped\n\n`, ...catchUp());
      dropped = 0;
    }
    if (batch.length > 0) write(batch.join(''));
  }

  return {
    send(frame) {
      if (res.destroyed || res.writableEnded) return;
      if (!blocked) {
        write(frame);
        return;
      }
      if (dropped === 0 && queue.length < LONGEST_QUEUE && queued + frame.length <= LARGEST_QUEUE) {
        queue.push(frame);
        queued += frame.length;
        return;
      }
      if (dropped === 0) lost();
      dropped += 1;
    },
  };
}
