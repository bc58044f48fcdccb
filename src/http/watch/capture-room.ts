/**
 * Memory for bodies that are kept while their requests are in flight, so that they can be captured at the end.
 *
 * INVARIANT: nothing is taken that would not fit within the limit as it is at that moment.
 */
export interface CaptureRoom {
  /** @returns Whether there was room for so many bytes. */
  take(bytes: number): boolean;
  giveBack(bytes: number): void;
}

/** @param limit in bytes; it may change */
export function createCaptureRoom(limit: () => number): CaptureRoom {
  let taken = 0;
  return {
    take(bytes) {
      if (taken + bytes > limit()) return false;
      taken += bytes;
      return true;
    },
    giveBack(bytes) {
      taken -= bytes;
    },
  };
}
