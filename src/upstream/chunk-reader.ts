import { MalformedAnswer } from './malformed-answer.ts';

/** Takes a body out of its chunks (RFC 9112, section 7.1), whatever pieces they come in. */
export interface ChunkReader {
  /** Back to before the first chunk. */
  reset(): void;
  /**
   * Copies what the source holds of the body to the beginning of `target`, which has room for all of the source.
   *
   * @returns How many bytes were copied.
   * @throws MalformedAnswer
   */
  read(source: Buffer, start: number, target: Buffer): number;
  /** The last chunk and what follows it have been read. */
  readonly isOver: boolean;
  /** Where the last `read` stopped in its source: at its end, unless the body is over. */
  readonly next: number;
}

/** Of extensions and trailers, which nobody reads, in one body. */
const LARGEST_NOISE = 64 * 1024;
/** Hexadecimal digits; 2^44 bytes are enough for a chunk. */
const LONGEST_SIZE = 11;

const CARRIAGE_RETURN = 0x0d;
const LINE_FEED = 0x0a;
const SEMICOLON = 0x3b;

/** What the next byte is. */
type Place =
  | 'size'
  | 'extension'
  | 'end of size'
  | 'data'
  | 'behind data'
  | 'end of data'
  | 'line of trailer'
  | 'in trailer'
  | 'end of trailer line'
  | 'last end'
  | 'over';

export function createChunkReader(): ChunkReader {
  let place: Place = 'size';
  let digits = 0;
  /** Of the size while it is read, of the chunk while its data are. */
  let left = 0;
  let noise = 0;
  let next = 0;

  function skip(): void {
    noise += 1;
    if (noise > LARGEST_NOISE) throw new MalformedAnswer('too much between the chunks');
  }

  function readSize(byte: number): void {
    const digit = hexValue(byte);
    if (digit !== -1 && digits < LONGEST_SIZE) {
      left = left * 16 + digit;
      digits += 1;
    } else if (digits === 0) throw new MalformedAnswer('a chunk without a size');
    else if (byte === CARRIAGE_RETURN) place = 'end of size';
    else if (byte === SEMICOLON) place = 'extension';
    else throw new MalformedAnswer('a size of a chunk that is none');
  }

  function expect(byte: number, expected: number, then: Place): void {
    if (byte !== expected) throw new MalformedAnswer('a chunk that does not end where it says');
    place = then;
  }

  /** One byte that is not data. */
  function step(byte: number): void {
    switch (place) {
      case 'size':
        readSize(byte);
        break;
      case 'extension':
        if (byte === LINE_FEED) throw new MalformedAnswer('a line that ends without a carriage return');
        if (byte === CARRIAGE_RETURN) place = 'end of size';
        else skip();
        break;
      case 'end of size':
        expect(byte, LINE_FEED, left === 0 ? 'line of trailer' : 'data');
        break;
      case 'behind data':
        expect(byte, CARRIAGE_RETURN, 'end of data');
        break;
      case 'end of data':
        expect(byte, LINE_FEED, 'size');
        digits = 0;
        break;
      case 'line of trailer':
        skip();
        place = byte === CARRIAGE_RETURN ? 'last end' : 'in trailer';
        break;
      case 'in trailer':
        skip();
        if (byte === CARRIAGE_RETURN) place = 'end of trailer line';
        break;
      case 'end of trailer line':
        expect(byte, LINE_FEED, 'line of trailer');
        break;
      case 'last end':
        expect(byte, LINE_FEED, 'over');
        break;
      case 'data':
      case 'over':
    }
  }

  return {
    reset() {
      place = 'size';
      digits = 0;
      left = 0;
      noise = 0;
    },
    read(source, start, target) {
      let at = start;
      let written = 0;
      while (at < source.length && place !== 'over') {
        if (place === 'data') {
          const end = Math.min(source.length, at + left);
          written += source.copy(target, written, at, end);
          left -= end - at;
          at = end;
          if (left === 0) place = 'behind data';
        } else {
          step(source[at] ?? 0);
          at += 1;
        }
      }
      next = at;
      return written;
    },
    get isOver() {
      return place === 'over';
    },
    get next() {
      return next;
    },
  };
}

/** -1 for what is no hexadecimal digit. */
function hexValue(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x61 + 10 : -1;
}
