/** Small enough to come from Node's pool: memory of its own costs more than all else here, for a short answer. */
const FIRST_BLOCK = 1024;

/** The beginning and the end of an endless run of bytes. */
export interface ByteWindow {
  push(chunk: Uint8Array): void;
  /** How many bytes have passed. */
  readonly size: number;
  /** What is kept, as text. `tail` is null while nothing between the two is missing: `head` is everything then. */
  read(): { head: string; tail: string | null };
}

/**
 * INVARIANTS
 * - Bytes are copied: a reference to a small chunk would keep the whole slab that it was read into.
 * - No more than `head + tail` bytes are held, and none before the first chunk.
 */
export function createByteWindow(limits: { head: number; tail: number }): ByteWindow {
  let size = 0;
  let head = Buffer.alloc(0);
  let headLength = 0;
  let ring: Buffer | null = null;
  /** Where the next byte of the ring goes; all of it is in use once it went around. */
  let next = 0;
  let wentAround = false;

  function keepHead(chunk: Uint8Array): void {
    const needed = headLength + chunk.length;
    if (needed > head.length) {
      const larger = Buffer.allocUnsafe(Math.min(limits.head, Math.max(needed, head.length * 2, FIRST_BLOCK)));
      head.copy(larger, 0, 0, headLength);
      head = larger;
    }
    head.set(chunk, headLength);
    headLength = needed;
  }

  function keepTail(chunk: Uint8Array): void {
    ring ??= Buffer.allocUnsafeSlow(limits.tail);
    const end = chunk.length > limits.tail ? chunk.subarray(chunk.length - limits.tail) : chunk;
    const room = limits.tail - next;
    if (end.length < room) {
      ring.set(end, next);
      next += end.length;
      return;
    }
    ring.set(end.subarray(0, room), next);
    ring.set(end.subarray(room), 0);
    next = end.length - room;
    wentAround = true;
  }

  return {
    get size() {
      return size;
    },
    push(chunk) {
      size += chunk.length;
      const room = limits.head - headLength;
      if (room >= chunk.length) {
        keepHead(chunk);
        return;
      }
      if (room > 0) keepHead(chunk.subarray(0, room));
      keepTail(room > 0 ? chunk.subarray(room) : chunk);
    },
    read() {
      const start = head.subarray(0, headLength);
      if (ring === null) return { head: start.toString(), tail: null };
      const parts = wentAround ? [ring.subarray(next), ring.subarray(0, next)] : [ring.subarray(0, next)];
      if (size <= limits.head + limits.tail) return { head: Buffer.concat([start, ...parts]).toString(), tail: null };
      return { head: start.toString(), tail: Buffer.concat(parts).toString() };
    },
  };
}
