import type { LocatedModel } from './locate-model.ts';

/** Smaller bodies are copied into one piece: three small writes would cost more than the copy. */
const COPY_BELOW_BYTES = 64 * 1024;

/**
 * The body with another model name in it. Every other byte stays what it was: key order, 64-bit seeds, files.
 *
 * @returns Pieces to be written one after the other; a large body is not copied.
 */
export function rewriteBody(body: Buffer, located: LocatedModel, name: string): readonly Buffer[] {
  if (located.place === 'query') return [body];
  const value = Buffer.from(encode(located.place, name));
  const pieces = [body.subarray(0, located.start), value, body.subarray(located.end)];
  return body.length < COPY_BELOW_BYTES ? [Buffer.concat(pieces)] : pieces;
}

export function byteLength(pieces: readonly Buffer[]): number {
  return pieces.reduce((sum, piece) => sum + piece.length, 0);
}

/** The URL with another model name in its query, if it is there that the request names its model. */
export function rewriteUrl(url: string, located: LocatedModel, name: string): string {
  if (located.place !== 'query') return url;
  return url.slice(0, located.start) + encodeURIComponent(name) + url.slice(located.end);
}

function encode(place: 'json' | 'multipart' | 'urlencoded', name: string): string {
  switch (place) {
    case 'json':
      return JSON.stringify(name);
    case 'urlencoded':
      return encodeURIComponent(name);
    case 'multipart':
      return name;
  }
}
