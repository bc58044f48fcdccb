import { encode, ENCODINGS } from './encoding.ts';
import type { Random } from './random.ts';
import type { Shape, Tensor } from './tensors.ts';
import type { Vocabulary } from './vocabulary.ts';

const POOL_LENGTH = 1 << 20;

/**
 * Makes the bytes of tensors, a piece at a time.
 *
 * Every token has a random unit vector, its code. A token's row on the way in is the code of the token that follows it,
 * and on the way out each token listens to its own code. Attention and feed-forward add next to nothing, so the token
 * that follows wins at any ordinary temperature, while all the arithmetic of a real transformer is still done.
 */
export function createFiller(
  shape: Shape,
  vocabulary: Vocabulary,
  random: Random,
): (tensor: Tensor) => Iterable<Buffer> {
  const { width } = shape;
  const codes = vocabulary.tokens.map(() => unitVector(width, random));
  const pools = new Map<string, Buffer>();

  function* rows(tensor: Tensor): Iterable<Buffer> {
    for (let token = 0; token < codes.length; token++) {
      yield Buffer.from(encode(tensor.filling === 'code-in' ? rowIn(token) : rowOut(token), tensor.encoding));
    }
  }

  function rowIn(token: number): Float32Array<ArrayBuffer> {
    const code = codes[vocabulary.next[token]!]!;
    return code.map((value) => value * Math.sqrt(width) + random.gauss() * 0.4);
  }

  function rowOut(token: number): Float32Array<ArrayBuffer> {
    return codes[token]!.map((value) => (vocabulary.speakable(token) ? value * 8 : 0));
  }

  /** Slices of one pool of random numbers: quick to make, and random enough. */
  function* weights(tensor: Tensor): Iterable<Buffer> {
    const pool = poolFor(tensor);
    const unit = ENCODINGS[tensor.encoding].bytes(32);
    for (let left = tensor.bytes; left > 0;) {
      const start = Math.floor((random.uniform() * pool.length) / unit / 2) * unit;
      const piece = pool.subarray(start, start + Math.min(left, pool.length - start));
      left -= piece.length;
      yield piece;
    }
  }

  function poolFor({ filling, encoding }: Tensor): Buffer {
    const key = `${filling} ${encoding}`;
    const known = pools.get(key);
    if (known !== undefined) return known;
    const amplitude = Math.sqrt(3 / width) * (filling === 'faint-weights' ? 0.02 / shape.layers : 1);
    const values = new Float32Array(POOL_LENGTH).map(() => (random.uniform() * 2 - 1) * amplitude);
    const pool = encode(values, encoding);
    pools.set(key, pool);
    return pool;
  }

  return (tensor) => {
    if (tensor.filling === 'ones') return [encode(new Float32Array(width).fill(1), tensor.encoding)];
    return tensor.filling === 'code-in' || tensor.filling === 'code-out' ? rows(tensor) : weights(tensor);
  };
}

function unitVector(length: number, random: Random): Float32Array<ArrayBuffer> {
  const vector = new Float32Array(length).map(() => random.gauss());
  const norm = Math.hypot(...vector);
  return vector.map((value) => value / norm);
}
