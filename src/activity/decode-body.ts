import { createDecoder } from './decoder.ts';

/**
 * Undoes the compression of a whole body, off the main thread.
 *
 * @param limit Of the result, in bytes: a few compressed bytes can hide gigabytes.
 * @returns The body itself when it is not compressed or the encoding is not known; null when it cannot be decoded or
 *   would be larger than the limit.
 */
export async function decodeBody(body: Buffer, encoding: string, limit: number): Promise<Buffer | null> {
  const decoder = createDecoder(encoding, body[0] ?? 0);
  if (decoder === null || body.length === 0) return body;
  const parts: Buffer[] = [];
  let size = 0;
  try {
    decoder.end(body);
    for await (const part of decoder as AsyncIterable<Buffer>) {
      size += part.length;
      if (size > limit) return null;
      parts.push(part);
    }
    return Buffer.concat(parts);
  } catch {
    return null;
  }
}
