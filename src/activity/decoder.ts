import type { Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw, createZstdDecompress } from 'node:zlib';

/**
 * @param encoding The value of `Content-Encoding`.
 * @param firstByte Tells the two forms of `deflate` apart: most servers wrap it as zlib does, some send it bare.
 * @returns null for what needs no decoding, or has an encoding that is not known.
 */
export function createDecoder(encoding: string, firstByte: number): Transform | null {
  switch (encoding.trim().toLowerCase()) {
    case 'gzip':
    case 'x-gzip':
      return createGunzip();
    case 'deflate':
      // The low half of a zlib header is always 8; no bare stream in practice begins so.
      return (firstByte & 0x0f) === 8 ? createInflate() : createInflateRaw();
    case 'br':
      return createBrotliDecompress();
    case 'zstd':
      return createZstdDecompress();
    default:
      return null;
  }
}
