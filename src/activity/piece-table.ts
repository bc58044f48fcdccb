/** A piece of a ring of bytes. */
export interface Piece {
  readonly id: number;
  readonly start: number;
  readonly end: number;
  readonly isCompressed: boolean;
}

/**
 * Where the pieces of a ring of bytes are, oldest first. In columns of numbers and not as objects: there are thousands at
 * a time, each lives for a while, and all of them would be copied and marked by V8 again and again.
 */
export interface PieceTable {
  readonly size: number;
  add(id: number, start: number, end: number, isCompressed: boolean): void;
  /** Where the oldest piece begins and ends; only while there is one. */
  oldestStart(): number;
  oldestEnd(): number;
  dropOldest(): void;
  /** All, oldest first. */
  pieces(): Generator<Piece>;
}

const ID = 0;
const START = 1;
const END = 2;
const COMPRESSED = 3;
const COLUMNS = 4;
const FEWEST = 64;

export function createPieceTable(): PieceTable {
  let rows = FEWEST;
  let cells = new Float64Array(rows * COLUMNS);
  let first = 0;
  let size = 0;

  function cell(place: number, column: number): number {
    return cells[((first + place) % rows) * COLUMNS + column] ?? 0;
  }

  function grow(): void {
    const before = [...pieces()];
    rows *= 2;
    cells = new Float64Array(rows * COLUMNS);
    first = 0;
    size = 0;
    for (const { id, start, end, isCompressed } of before) add(id, start, end, isCompressed);
  }

  function add(id: number, start: number, end: number, isCompressed: boolean): void {
    if (size === rows) grow();
    const at = ((first + size) % rows) * COLUMNS;
    cells[at + ID] = id;
    cells[at + START] = start;
    cells[at + END] = end;
    cells[at + COMPRESSED] = isCompressed ? 1 : 0;
    size += 1;
  }

  function* pieces(): Generator<Piece> {
    for (let place = 0; place < size; place += 1) {
      const isCompressed = cell(place, COMPRESSED) === 1;
      yield { id: cell(place, ID), start: cell(place, START), end: cell(place, END), isCompressed };
    }
  }

  return {
    get size() {
      return size;
    },
    add,
    oldestStart: () => cell(0, START),
    oldestEnd: () => cell(0, END),
    dropOldest() {
      first = (first + 1) % rows;
      size -= 1;
    },
    pieces,
  };
}
