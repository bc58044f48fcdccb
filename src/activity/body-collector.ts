const SMALLEST_BLOCK = 4 * 1024;
const LARGEST_BLOCK = 64 * 1024;
/** From this size on a chunk fills the slab that it was read into well enough to be kept as it is. */
const KEPT_AS_IS = 32 * 1024;

/** Keeps a body that passes by. */
export interface BodyCollector {
  push(chunk: Buffer): void;
  /** @returns null when it is larger than the limit. */
  read(): Buffer | null;
}

/**
 * INVARIANTS
 * - Small chunks are copied together, since each would keep a slab of 64 KB alive; large ones are kept.
 * - At most `limit` bytes are held; one byte more and all are let go.
 */
export function createBodyCollector(limit: number): BodyCollector {
  let parts: Buffer[] = [];
  let block = Buffer.alloc(0);
  let used = 0;
  let size = 0;

  function closeBlock(): void {
    if (used > 0) parts.push(block.subarray(0, used));
    block = block.subarray(used);
    used = 0;
  }

  return {
    push(chunk) {
      size += chunk.length;
      if (size > limit) {
        parts = [];
        block = Buffer.alloc(0);
        used = 0;
        return;
      }
      if (chunk.length >= KEPT_AS_IS) {
        closeBlock();
        parts.push(chunk);
        return;
      }
      if (chunk.length > block.length - used) {
        closeBlock();
        block = Buffer.allocUnsafeSlow(Math.min(LARGEST_BLOCK, Math.max(SMALLEST_BLOCK, size, chunk.length)));
      }
      chunk.copy(block, used);
      used += chunk.length;
    },
    read() {
      if (size > limit) return null;
      closeBlock();
      return Buffer.concat(parts);
    },
  };
}
