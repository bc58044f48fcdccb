import type { CaptureStore, Packed } from './capture-store.ts';
import type { CapturePart, CaptureTape } from './capture-tape.ts';

/** One turn's writing: about a millisecond, in which nobody is served. */
const WRITTEN_AT_ONCE_BYTES = 256 * 1024;
/** A larger exchange is written in parts, over several turns. */
const PART_BYTES = 64 * 1024;
/** Small exchanges that wait lie together in blocks: buffers of their own would keep the collector of garbage busy. */
const BLOCK_BYTES = 256 * 1024;

interface Piece {
  readonly id: number;
  readonly isCompressed: boolean;
  readonly block: Buffer;
  readonly start: number;
  readonly size: number;
}

/** Captures in a file, and those on their way there. */
export interface CaptureShelf extends CaptureStore {
  /** Pieces that have not been written. */
  readonly waiting: number;
  /** Whether `write` has something to do: there are such, or the file may hold more than it should. */
  readonly isBehind: boolean;
  /** Writes a bounded part of what waits. @throws SQLite's error; then it waits on. */
  write(): void;
  /** Lets go of what waits. @returns How many those were. */
  giveUp(): number;
}

/**
 * INVARIANTS
 * - Nothing is written within `add`: an answer never waits for a disk.
 * - What waits is in the order of its coming, is there for readers, and takes no more than `maxBytes` (and a block): when
 *   the file cannot be written to, the oldest go, as they would go from the file.
 * - In the file are the newest `maxBytes`; after that number was lowered, once `write` has been called often enough.
 *
 * @param tape Opens the file if need be. @throws SQLite's error.
 * @param wake Is told that there is something to write.
 */
export function createCaptureShelf(maxBytes: number, tape: () => CaptureTape, wake: () => void): CaptureShelf {
  let limit = Math.max(0, maxBytes);
  let waiting: Piece[] = [];
  let waitingBytes = 0;
  /** How much of the first one has been written. */
  let written = 0;
  let index: ReadonlyMap<number, Piece> | null = null;
  let block: Buffer | null = null;
  let used = 0;
  /** Until the file has been looked at it may hold more than its limit, from another time. */
  let mayHoldTooMuch = true;

  function roomFor(size: number): { block: Buffer; start: number } {
    if (size * 4 > BLOCK_BYTES) return { block: Buffer.allocUnsafeSlow(size), start: 0 };
    if (block === null || used + size > BLOCK_BYTES) {
      block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
      used = 0;
    }
    used += size;
    return { block, start: used - size };
  }

  function drop(count: number): void {
    for (const { size } of waiting.splice(0, count)) waitingBytes -= size;
    if (count > 0) written = 0;
    if (waiting.length === 0) used = 0;
    index = null;
  }

  function keepWithin(bytes: number): void {
    let count = 0;
    let rest = waitingBytes;
    for (; rest > bytes; count += 1) rest -= waiting[count]?.size ?? rest;
    drop(count);
  }

  /** What the next turn writes, how many pieces it completes, and how much of the one after those. */
  function nextParts(): { parts: CapturePart[]; completed: number; written: number } {
    const parts: CapturePart[] = [];
    let room = WRITTEN_AT_ONCE_BYTES;
    let from = written;
    let completed = 0;
    for (let piece = waiting[0]; piece !== undefined && room > 0; piece = waiting[completed]) {
      const { id, size, isCompressed, block, start } = piece;
      const bytes = block.subarray(start + from, start + Math.min(size, from + PART_BYTES));
      parts.push({ id, size, isCompressed, bytes });
      room -= bytes.length;
      from += bytes.length;
      if (from < size) continue;
      completed += 1;
      from = 0;
    }
    return { parts, completed, written: from };
  }

  function find(id: number): Piece | undefined {
    index ??= new Map(waiting.map((piece) => [piece.id, piece]));
    return index.get(id);
  }

  return {
    get waiting() {
      return waiting.length;
    },
    get isBehind() {
      return waiting.length > 0 || mayHoldTooMuch;
    },
    add(id, size, isCompressed, fill) {
      if (size > limit || size === 0) return;
      keepWithin(limit - size);
      const { block, start } = roomFor(size);
      fill(block, start);
      waiting.push({ id, isCompressed, block, start, size });
      waitingBytes += size;
      index = null;
      wake();
    },
    has: (id) => find(id) !== undefined || tape().has(id),
    get(id): Packed | null {
      const piece = find(id);
      if (piece === undefined) return tape().read(id);
      const { isCompressed, block, start, size } = piece;
      // A copy, for the place in the block will be used again.
      return { bytes: Buffer.from(block.subarray(start, start + size)), isCompressed };
    },
    resize(bytes) {
      limit = Math.max(0, bytes);
      keepWithin(limit);
      mayHoldTooMuch = true;
      wake();
    },
    write() {
      const next = nextParts();
      mayHoldTooMuch = tape().write(next.parts, limit);
      drop(next.completed);
      written = next.written;
    },
    giveUp() {
      const count = waiting.length;
      drop(count);
      mayHoldTooMuch = false;
      return count;
    },
  };
}
