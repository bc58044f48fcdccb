import { createPieceTable, type Piece } from './piece-table.ts';

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
  let table = createPieceTable();
  let next = 0;
  let index: ReadonlyMap<number, Piece> | null = null;

  function dropWhile(isInTheWay: (start: number, end: number) => boolean): void {
    while (table.size > 0 && isInTheWay(table.oldestStart(), table.oldestEnd())) table.dropOldest();
  }

  /** @returns Where so many bytes may be written now. */
  function makeRoom(size: number): number {
    if (next + size > capacity) {
      // What lies behind is older than what lies at the beginning.
      const behind = next;
      dropWhile((oldest) => oldest >= behind);
      next = 0;
    }
    const start = next;
    const end = start + size;
    // An empty piece is in nobody's way, but it would hide those behind it that are.
    dropWhile((oldest, oldestEnd) => oldest < end && (oldestEnd > start || (oldest === oldestEnd && oldest >= start)));
    next = end;
    return start;
  }

  /** A page of entries asks for many at once, and between two pages comes nobody. */
  function find(id: number): Piece | null {
    index ??= new Map([...table.pieces()].map((piece) => [piece.id, piece]));
    return index.get(id) ?? null;
  }

  function add(id: number, size: number, isCompressed: boolean, fill: (block: Buffer, start: number) => void): void {
    if (size > capacity) return;
    const start = makeRoom(size);
    block ??= Buffer.allocUnsafeSlow(capacity);
    fill(block, start);
    index = null;
    table.add(id, start, start + size, isCompressed);
  }

  return {
    add,
    has: (id) => find(id) !== null,
    get(id) {
      const piece = find(id);
      if (piece === null || block === null) return null;
      const { start, end, isCompressed } = piece;
      return { bytes: Buffer.from(block.subarray(start, end)), isCompressed };
    },
    resize(wanted) {
      const before = block;
      const kept = [...table.pieces()];
      capacity = Math.max(0, wanted);
      block = null;
      table = createPieceTable();
      next = 0;
      index = null;
      for (const { id, start, end, isCompressed } of kept) {
        add(id, end - start, isCompressed, (target, at) => void before?.copy(target, at, start, end));
      }
    },
  };
}
