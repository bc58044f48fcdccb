import type { Transform } from 'node:stream';
import { type ByteWindow, createByteWindow } from './byte-window.ts';
import { createDecoder } from './decoder.ts';
import { errorMessage } from './error-message.ts';
import { accountEvents, accountJson, type Kept, mayAccount } from './read-accounting.ts';
import { type Accounting, NO_ACCOUNTING } from './usage.ts';

/** Kept of an event stream: its first events, and enough of the last to hold their accounts. */
const EVENTS = { head: 4 * 1024, tail: 16 * 1024 };
/** Kept of any other text. A larger one is not parsed, but searched for its accounts in both ends. */
const TEXT = { head: 64 * 1024, tail: 16 * 1024 };
/** Compressed bytes waiting for their decoder; a stream that arrives faster than it can be read is let go. */
const LARGEST_BACKLOG = 8 * 1024 * 1024;

const COLON = 0x3a;
const CARRIAGE_RETURN = 0x0d;
const LINE_FEED = 0x0a;

/** What the headers of an answer say about its body. */
export interface MeteredAnswer {
  readonly status: number;
  /** `Content-Type` and `Content-Encoding`, '' when there is none. */
  readonly contentType: string;
  readonly contentEncoding: string;
  /** Of the request, as the upstream got it. */
  readonly path: string;
  /** For tests. */
  readonly now?: () => number;
}

export interface Usage extends Accounting {
  /** Why there is nothing to account for: an error in its own words, or a body that cannot be decoded. '' if all is well. */
  readonly error: string;
  /** False when the body is compressed in a way that it does not hold to. */
  readonly decodable: boolean;
  /** Bytes on the wire. */
  readonly bytes: number;
  /** When the first event of a stream arrived, on the clock of `performance.now()`; null for other answers. */
  readonly firstTokenAt: number | null;
}

/** Listens in on an answer while it is streamed. */
export interface UsageMeter {
  /** Takes the next chunk as it came from the upstream; nobody may write to it. Never throws. */
  push(chunk: Buffer): void;
  /** To be called once, when the answer is over, however it ended. A promise only for what is decoded; never rejects. */
  finish(): Usage | Promise<Usage>;
}

/**
 * INVARIANTS
 * - Memory per answer is bounded, whatever its length: only its two ends are kept, and they are parsed once. They are
 *   copied, since a small chunk may keep the whole slab alive that it was read into; the only chunk of an answer is not.
 * - Nothing here delays the answer: it is read beside the pipe, and decompressed on another thread.
 */
export function createUsageMeter(answer: MeteredAnswer): UsageMeter {
  const { status, contentType, contentEncoding, path, now = () => performance.now() } = answer;
  const isStream = /^\s*text\/event-stream/i.test(contentType);
  const isReadable = mayBeText(contentType);
  const limits = isStream ? EVENTS : TEXT;
  /** The only chunk of a short answer, which is most of them. */
  let only: Buffer | null = null;
  let window: ByteWindow | null = null;
  let bytes = 0;
  let firstTokenAt: number | null = null;
  let decoding: Decoding | null = null;

  function keep(chunk: Buffer): void {
    if (bytes === 0 && chunk.length <= limits.head) only = chunk;
    else {
      window ??= createByteWindow(limits);
      if (only !== null) window.push(only);
      only = null;
      window.push(chunk);
    }
  }

  function kept(): Kept {
    return window?.read() ?? { head: only?.toString() ?? '', tail: null };
  }

  function usage(failure: string | null): Usage {
    const isDecodable = failure === null;
    let accounting: Accounting | null = null;
    let error = '';
    if (!isDecodable) error = `the ${contentEncoding} answer cannot be decoded: ${failure}`;
    else if (status !== 200) error = errorMessage(status, kept().head);
    // Most of what answers this short would cost is to make text of them, in order to find nothing in it.
    else if (only === null || mayAccount(only))
      accounting = isStream ? accountEvents(kept()) : accountJson(kept(), path);
    const { tokens, upstreamMs } = accounting ?? NO_ACCOUNTING;
    return { tokens, upstreamMs, error, decodable: isDecodable, bytes, firstTokenAt };
  }

  return {
    push(chunk) {
      if (chunk.length === 0) return;
      if (isStream && firstTokenAt === null && (contentEncoding !== '' || !isFiller(chunk))) firstTokenAt = now();
      if (isReadable) {
        const decoder = bytes > 0 || contentEncoding === '' ? null : createDecoder(contentEncoding, chunk[0] ?? 0);
        if (decoder !== null) {
          const decoded = createByteWindow(limits);
          window = decoded;
          decoding = decodeInto(decoder, (part) => decoded.push(part));
        }
        if (decoding === null) keep(chunk);
        else decoding.write(chunk);
      }
      bytes += chunk.length;
    },
    finish: () => (decoding === null ? usage(null) : decoding.end().then(usage)),
  };
}

/** Pictures and sound say nothing about tokens. */
function mayBeText(contentType: string): boolean {
  return contentType === '' || /json|text|octet-stream/i.test(contentType);
}

/** A comment or an empty line keeps a connection alive, but is no token. */
function isFiller(chunk: Uint8Array): boolean {
  const first = chunk[0];
  return first === COLON || first === LINE_FEED || first === CARRIAGE_RETURN;
}

interface Decoding {
  write(chunk: Uint8Array): void;
  /** @returns What went wrong, or null. */
  end(): Promise<string | null>;
}

function decodeInto(decoder: Transform, take: (part: Buffer) => void): Decoding {
  const done = new Promise<string | null>((resolve) => {
    decoder.on('error', (error) => resolve(error.message));
    decoder.once('end', () => resolve(null));
  });
  decoder.on('data', take);
  return {
    write(chunk) {
      if (decoder.destroyed) return;
      if (decoder.writableLength > LARGEST_BACKLOG) decoder.destroy(new Error('it arrives faster than it can be read'));
      else decoder.write(chunk);
    },
    end() {
      if (!decoder.destroyed) decoder.end();
      return done;
    },
  };
}
