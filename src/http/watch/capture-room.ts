/** What is left empty in the last block of a body does not count; one read from a connection is a fraction of it. */
const BLOCK_BYTES = 4 * 1024;
/** Free blocks that are kept in any case: what some twenty streams fill. */
const KEPT_BLOCKS = 256;

/**
 * Memory for bodies that are kept while their requests are in flight, so that they can be captured at the end. What grows
 * with every piece of a stream comes as blocks that are used again and again: memory that is new each time makes V8
 * collect all of it the sooner, and leaves holes behind.
 *
 * INVARIANTS
 * - Nothing is taken that would not fit within the limit as it is at that moment.
 * - A block is somebody's or free. No more are free than are taken, or than KEPT_BLOCKS.
 */
export interface CaptureRoom {
  /** For bytes that lie somewhere else. @returns Whether there was room for so many. */
  take(bytes: number): boolean;
  giveBack(bytes: number): void;
  /** @returns null when there is no room for one */
  takeBlock(): Buffer | null;
  giveBackBlocks(blocks: readonly Buffer[]): void;
}

/** @param limit in bytes; it may change */
export function createCaptureRoom(limit: () => number): CaptureRoom {
  const free: Buffer[] = [];
  let taken = 0;
  let takenBlocks = 0;

  function take(bytes: number): boolean {
    if (taken + bytes > limit()) return false;
    taken += bytes;
    return true;
  }

  return {
    take,
    giveBack(bytes) {
      taken -= bytes;
    },
    takeBlock() {
      if (!take(BLOCK_BYTES)) return null;
      takenBlocks += 1;
      return free.pop() ?? Buffer.allocUnsafeSlow(BLOCK_BYTES);
    },
    giveBackBlocks(blocks) {
      taken -= blocks.length * BLOCK_BYTES;
      takenBlocks -= blocks.length;
      for (const block of blocks) free.push(block);
      free.length = Math.min(free.length, Math.max(KEPT_BLOCKS, takenBlocks));
    },
  };
}
