import type { CaptureRoom } from './capture-room.ts';

/** From this size on a chunk is kept as it is: to copy it would cost more than the memory around it. */
const KEPT_AS_IS = 32 * 1024;
const EMPTY = Buffer.alloc(0);

/**
 * A body that is kept as it passes by, as long as there is room.
 *
 * A class, since there are two for every request.
 *
 * INVARIANTS
 * - What is held is taken from the room, and given back once; what `take` returns holds no block.
 * - Small chunks are copied, since each may keep the memory alive that it was read into. The only chunk of a body is not:
 *   most bodies have no other.
 */
export class KeptBody {
  readonly #room: CaptureRoom;
  #isWhole = true;
  /** Bytes that were taken for chunks that are kept as they are. */
  #held = 0;
  #only: Buffer | null = null;
  #rest: Pieces | null = null;

  constructor(room: CaptureRoom) {
    this.#room = room;
  }

  push(chunk: Buffer): void {
    if (!this.#isWhole || chunk.length === 0) return;
    if (this.#only === null && this.#rest === null) {
      if (this.#hold(chunk)) this.#only = chunk;
    } else {
      if (this.#only !== null) this.#begin(this.#only);
      this.#append(chunk);
    }
    if (!this.#isWhole) this.#letGo();
  }

  /** Gives the room back. @returns null when not all of it is there. */
  take(): Buffer | null {
    const body = this.#isWhole ? (this.#rest?.read() ?? this.#only ?? EMPTY) : null;
    this.#letGo();
    return body;
  }

  #begin(first: Buffer): void {
    this.#room.giveBack(first.length);
    this.#held = 0;
    this.#only = null;
    this.#rest = new Pieces(this.#room);
    this.#append(first);
  }

  #append(chunk: Buffer): void {
    if (chunk.length < KEPT_AS_IS) this.#isWhole &&= this.#rest?.copy(chunk) === true;
    else if (this.#hold(chunk)) this.#rest?.add(chunk);
  }

  #hold({ length }: Buffer): boolean {
    this.#isWhole &&= this.#room.take(length);
    if (this.#isWhole) this.#held += length;
    return this.#isWhole;
  }

  #letGo(): void {
    this.#room.giveBack(this.#held);
    this.#rest?.letGo();
    this.#held = 0;
    this.#only = null;
    this.#rest = null;
    this.#isWhole = false;
  }
}

/** A body of several chunks. */
class Pieces {
  readonly #room: CaptureRoom;
  /** In their order; what has come into the last block since the last of these is not among them. */
  readonly #parts: Buffer[] = [];
  readonly #blocks: Buffer[] = [];
  #block: Buffer = EMPTY;
  /** In the last block: from where on it is not among the parts, and where the next byte goes. */
  #from = 0;
  #used = 0;

  constructor(room: CaptureRoom) {
    this.#room = room;
  }

  /** @returns Whether there was room for it. */
  copy(chunk: Buffer): boolean {
    let copied = chunk.copy(this.#block, this.#used);
    this.#used += copied;
    while (copied < chunk.length) {
      const block = this.#room.takeBlock();
      if (block === null) return false;
      this.#closePart();
      this.#blocks.push(block);
      this.#block = block;
      this.#from = 0;
      this.#used = chunk.copy(block, 0, copied);
      copied += this.#used;
    }
    return true;
  }

  add(chunk: Buffer): void {
    this.#closePart();
    this.#parts.push(chunk);
  }

  read(): Buffer {
    this.#closePart();
    return Buffer.concat(this.#parts);
  }

  letGo(): void {
    this.#room.giveBackBlocks(this.#blocks);
  }

  #closePart(): void {
    if (this.#used > this.#from) this.#parts.push(this.#block.subarray(this.#from, this.#used));
    this.#from = this.#used;
  }
}
