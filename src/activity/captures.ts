import { promisify } from 'node:util';
import { zstdCompress, zstdDecompress } from 'node:zlib';
import { createByteRing } from './byte-ring.ts';
import { captureMask } from './capture-mask.ts';
import type { CaptureStore } from './capture-store.ts';
import { decodeBody } from './decode-body.ts';
import { type Headers, redactHeaders } from './redact-headers.ts';

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/**
 * Smaller ones are kept as they are: the compressor costs more time to set up than everything else the gateway does for a
 * small request, and they take little room.
 */
const COMPRESSED_FROM_BYTES = 16 * 1024;

/**
 * The share of the time in which something may be compressed: each capture of 100 KB would cost twice of what forwarding
 * it does. What comes meanwhile is kept as it is, and drives older ones out the sooner.
 */
const COMPRESSING_SHARE = 1 / 20;

/** Bodies are text and shrink well: one may be this much larger than all the room there is for compressed ones. */
const EXPECTED_RATIO = 4;

/** A request and its answer, as they went to and came from the upstream. */
export interface Exchange {
  /** Without `/upstream/<model>` and without the query. */
  readonly path: string;
  readonly status: number;
  readonly requestHeaders: Headers;
  /** null when it is not at hand. */
  readonly requestBody: Buffer | null;
  readonly responseHeaders: Headers;
  /** As sent, perhaps compressed; null when it is not at hand. */
  readonly responseBody: Buffer | null;
}

/** The answer of `GET /api/captures/{id}`. Bodies in base64; null = not kept, '' = empty. */
interface Capture {
  readonly id: number;
  readonly req_path: string;
  readonly req_headers: Readonly<Record<string, string>>;
  readonly req_body: string | null;
  readonly resp_headers: Readonly<Record<string, string>>;
  readonly resp_body: string | null;
}

/** The last exchanges, the large ones compressed. */
export interface Captures {
  /** False when there is no room for any: then nothing needs to be collected. */
  readonly isEnabled: boolean;
  /** Never throws; what is large is compressed on another thread. */
  add(id: number, exchange: Exchange): void;
  has(id: number): boolean;
  /** @returns null when there is none, or none any more. */
  get(id: number): Promise<Capture | null>;
  /** The oldest go until the rest fits. */
  setMaxBytes(maxBytes: number): void;
  /** Resolves when nothing that has been added is still being compressed. */
  settled(): Promise<void>;
}

/**
 * INVARIANTS
 * - The sum of what is kept is at most `maxBytes`; what has been kept the longest goes first.
 * - An exchange that is being compressed counts as kept, so that its entry never shows first without and then with it.
 * - Secrets are hidden before anything is kept.
 *
 * @param maxBytes 0 or less: nothing is kept.
 * @param ring Where they are kept; in memory unless told otherwise.
 */
export function createCaptures(maxBytes: number, ring: CaptureStore = createByteRing(maxBytes)): Captures {
  let limit = maxBytes;
  /** On the clock of `performance.now()`. */
  let compressFrom = 0;
  const underWay = new Map<number, Promise<void>>();

  async function keep(id: number, exchange: Exchange): Promise<void> {
    try {
      const parts = await partsOf(exchange, limit * EXPECTED_RATIO);
      if (parts === null) return;
      const pack = createPack(parts);
      if (pack.size < COMPRESSED_FROM_BYTES || (pack.size < limit / 2 && performance.now() < compressFrom)) {
        ring.add(id, pack.size, false, pack.write);
        return;
      }
      const packed = Buffer.allocUnsafe(pack.size);
      pack.write(packed, 0);
      const compressed = await compressInTurn(packed);
      ring.add(id, compressed.length, true, (block, start) => void compressed.copy(block, start));
    } catch {
      // Out of memory, at worst: there is no capture then.
    } finally {
      underWay.delete(id);
    }
  }

  /** On another thread; then nothing is compressed for a time in proportion. */
  async function compressInTurn(bytes: Buffer): Promise<Buffer> {
    const startedAt = performance.now();
    compressFrom = Infinity;
    try {
      return await compress(bytes);
    } finally {
      const now = performance.now();
      compressFrom = now + (now - startedAt) / COMPRESSING_SHARE;
    }
  }

  /** Whether there is nothing to decode, and nothing to compress for now. What fits only when compressed always is. */
  function isKeptAsItIs({ requestBody, responseBody, responseHeaders }: Exchange): boolean {
    if (responseHeaders['content-encoding'] !== undefined) return false;
    const size = (requestBody?.length ?? 0) + (responseBody?.length ?? 0);
    return size < COMPRESSED_FROM_BYTES || (size < limit / 2 && performance.now() < compressFrom);
  }

  return {
    get isEnabled() {
      return limit > 0;
    },
    add(id, exchange) {
      if (limit <= 0) return;
      if (!isKeptAsItIs(exchange)) underWay.set(id, keep(id, exchange));
      else if (isWorthKeeping(exchange)) {
        const pack = createPack(partsFrom(exchange, exchange.responseBody));
        ring.add(id, pack.size, false, pack.write);
      }
    },
    has: (id) => ring.has(id) || underWay.has(id),
    async get(id) {
      await underWay.get(id);
      const packed = ring.get(id);
      if (packed === null) return null;
      return unpack(id, packed.isCompressed ? await decompress(packed.bytes) : packed.bytes);
    },
    setMaxBytes(wanted) {
      limit = Math.max(0, wanted);
      ring.resize(limit);
    },
    async settled() {
      await Promise.all(underWay.values());
    },
  };
}

/** What is kept of an exchange. */
interface Parts {
  readonly path: string;
  readonly requestHeaders: Readonly<Record<string, string>>;
  readonly responseHeaders: Readonly<Record<string, string>>;
  readonly requestBody: Buffer | null;
  readonly responseBody: Buffer | null;
}

/** @returns null for what is not worth keeping: a 200 without a body, one that cannot be decoded, one too large. */
async function partsOf(exchange: Exchange, limit: number): Promise<Parts | null> {
  const { path, status, requestBody, responseBody } = exchange;
  if ((requestBody?.length ?? 0) + (responseBody?.length ?? 0) > limit) return null;
  if (!isWorthKeeping(exchange)) return null;
  const wanted = captureMask(path, status).responseBody ? responseBody : null;
  const encoding = String(exchange.responseHeaders['content-encoding'] ?? '');
  const decoded = wanted === null ? null : await decodeBody(wanted, encoding, limit);
  if (wanted !== null && decoded === null) return null;
  return partsFrom(exchange, decoded);
}

function isWorthKeeping({ status, responseBody }: Exchange): boolean {
  return status !== 200 || responseBody?.length !== 0;
}

/** @param responseBody decoded */
function partsFrom(exchange: Exchange, responseBody: Buffer | null): Parts {
  const { path, status, requestHeaders, requestBody, responseHeaders } = exchange;
  const mask = captureMask(path, status);
  return {
    path,
    requestHeaders: redactHeaders(requestHeaders, 'host'),
    responseHeaders: mask.responseHeaders ? redactHeaders(responseHeaders, 'content-encoding') : {},
    requestBody: mask.requestBody ? requestBody : null,
    responseBody: mask.responseBody ? responseBody : null,
  };
}

interface Preamble {
  readonly path: string;
  readonly requestHeaders: Readonly<Record<string, string>>;
  readonly responseHeaders: Readonly<Record<string, string>>;
  /** Bytes; null = not kept. */
  readonly requestLength: number | null;
  readonly responseLength: number | null;
}

/** An exchange as bytes. */
interface Pack {
  readonly size: number;
  write(target: Buffer, start: number): void;
}

/**
 * Files hold these: whoever changes them gives them a new format in `capture-tape.ts`.
 *
 * Four bytes of length, the preamble as JSON, the two bodies as they are: base64 would hide what is alike in them.
 */
function createPack({ path, requestHeaders, responseHeaders, requestBody, responseBody }: Parts): Pack {
  const preamble: Preamble = {
    path,
    requestHeaders,
    responseHeaders,
    requestLength: requestBody?.length ?? null,
    responseLength: responseBody?.length ?? null,
  };
  const text = JSON.stringify(preamble);
  const textLength = Buffer.byteLength(text);
  const afterText = 4 + textLength;
  const afterRequest = afterText + (requestBody?.length ?? 0);
  return {
    size: afterRequest + (responseBody?.length ?? 0),
    write(target, start) {
      target.writeUInt32LE(textLength, start);
      target.write(text, start + 4);
      requestBody?.copy(target, start + afterText);
      responseBody?.copy(target, start + afterRequest);
    },
  };
}

function unpack(id: number, packed: Buffer): Capture {
  const start = 4 + packed.readUInt32LE();
  const preamble = JSON.parse(packed.toString('utf8', 4, start)) as Preamble;
  const middle = start + (preamble.requestLength ?? 0);
  return {
    id,
    req_path: preamble.path,
    req_headers: preamble.requestHeaders,
    req_body: preamble.requestLength === null ? null : packed.toString('base64', start, middle),
    resp_headers: preamble.responseHeaders,
    resp_body: preamble.responseLength === null ? null : packed.toString('base64', middle),
  };
}
