/** What is kept at a place of the ring. */
interface Entry {
  readonly id: number;
  readonly start: number;
  readonly end: number;
  readonly isCompressed: boolean;
}

/**
 * Pieces of bytes in one block of memory, the newest over the oldest. Thousands of buffers that live for a while each
 * would keep the collector of garbage busy with every request.
 */
export interface ByteRing {
  /**
   * @param fill Writes the piece; is called once, if the piece fits into the ring at all.
   */
  add(id: number, size: number, isCompressed: boolean, fill: (block: Buffer, start: number) => void): void;
  has(id: number): boolean;
  /** @returns A copy, or null when it is not there any more. */
  get(id: number): { readonly bytes: Buffer; readonly isCompressed: boolean } | null;
  /** Keeps the newest pieces that fit. */
  resize(bytes: number): void;
}

/**
 * INVARIANTS
 * - Pieces do not overlap, and lie in the order of their age from behind the newest around to it.
 * - The block is made with the first piece, and its pages are touched as they are used.
 */
export function createByteRing(bytes: number): ByteRing {
  let capacity = Math.max(0, bytes);
  let block: Buffer | null = null;
  /** Oldest first; those before `first` are gone. */
  let entries: Entry[] = [];
  let first = 0;
  let next = 0;
  let index: ReadonlyMap<number, Entry> | null = null;

  function dropWhile(isInTheWay: (oldest: Entry) => boolean): void {
    for (let oldest = entries[first]; oldest !== undefined && isInTheWay(oldest); oldest = entries[first]) first += 1;
    if (first > 1_000 && first * 2 > entries.length) {
      entries = entries.slice(first);
      first = 0;
    }
  }

  /** @returns Where so many bytes may be written now. */
  function makeRoom(size: number): number {
    if (next + size > capacity) {
      // What lies behind is older than what lies at the beginning.
      const behind = next;
      dropWhile(({ start }) => start >= behind);
      next = 0;
    }
    const start = next;
    const end = start + size;
    // An empty piece is in nobody's way, but it would hide those behind it that are.
    const isEmpty = (piece: Entry): boolean => piece.start === piece.end && piece.start >= start;
    dropWhile((oldest) => oldest.start < end && (oldest.end > start || isEmpty(oldest)));
    next = end;
    return start;
  }

  /** A page of entries asks for many at once, and between two pages comes nobody. */
  function find(id: number): Entry | null {
    index ??= new Map(entries.slice(first).map((entry) => [entry.id, entry]));
    return index.get(id) ?? null;
  }

  function add(id: number, size: number, isCompressed: boolean, fill: (block: Buffer, start: number) => void): void {
    if (size > capacity) return;
    const start = makeRoom(size);
    block ??= Buffer.allocUnsafeSlow(capacity);
    fill(block, start);
    index = null;
    entries.push({ id, start, end: start + size, isCompressed });
  }

  return {
    add,
    has: (id) => find(id) !== null,
    get(id) {
      const entry = find(id);
      if (entry === null || block === null) return null;
      const { start, end, isCompressed } = entry;
      return { bytes: Buffer.from(block.subarray(start, end)), isCompressed };
    },
    resize(wanted) {
      const before = block;
      const kept = entries.slice(first);
      capacity = Math.max(0, wanted);
      block = null;
      entries = [];
      first = 0;
      next = 0;
      index = null;
      for (const { id, start, end, isCompressed } of kept) {
        add(id, end - start, isCompressed, (target, at) => void before?.copy(target, at, start, end));
      }
    },
  };
}
