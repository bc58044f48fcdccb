/** An exchange as it is kept. */
export interface Packed {
  readonly bytes: Buffer;
  readonly isCompressed: boolean;
}

/** Where captures are kept: in memory (`createByteRing`) or in a file (`createCaptureShelf`). */
export interface CaptureStore {
  /**
   * Keeps a piece, and lets go of the oldest ones that are in its way. Never throws.
   *
   * @param fill Writes the piece; is called once, if the piece fits at all.
   */
  add(id: number, size: number, isCompressed: boolean, fill: (block: Buffer, start: number) => void): void;
  has(id: number): boolean;
  /** @returns null when it is not there any more. */
  get(id: number): Packed | null;
  /** Keeps the newest pieces that fit. */
  resize(bytes: number): void;
}
