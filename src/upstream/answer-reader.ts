import { type AnswerHead, parseAnswerHead } from './answer-head.ts';
import { createChunkReader } from './chunk-reader.ts';
import { MalformedAnswer } from './malformed-answer.ts';

/** Who gets an answer as it comes. Nothing here may throw. */
export interface AnswerSink {
  head(head: AnswerHead): void;
  /** All that has come so far has been handed over, and it was not the whole answer. */
  waits(): void;
  /** A piece of the body, never empty. It belongs to the sink. */
  piece(bytes: Buffer): void;
  /** The answer is whole; the last piece of its body comes with that news, if it came with the end. */
  end(last: Buffer | null): void;
}

/** Reads the answers of one connection, one after the other. */
export interface AnswerReader {
  /** The next bytes are the answer to a request with this method. */
  expect(method: string, sink: AnswerSink): void;
  /**
   * @param bytes may be used again by whoever reads them: what a sink gets is a copy.
   * @throws MalformedAnswer also for bytes that nobody waits for
   */
  read(bytes: Buffer): void;
  /** The server has nothing more to say. @returns Whether that is the end of an answer, and not a part of one. */
  close(): boolean;
}

/** As much as the gateway takes from its own clients. */
const LARGEST_HEAD = 64 * 1024;
const BEGINNING = Buffer.from('HTTP/1.');
const END_OF_HEAD = Buffer.from('\r\n\r\n');

/**
 * INVARIANTS
 * - A sink gets its head once, then pieces, then `end` once; nothing after that, and nothing after an error.
 * - Between two reads it has heard of all that has come.
 * - What is held is less than LARGEST_HEAD; bodies pass through.
 */
export function createAnswerReader(): AnswerReader {
  const chunks = createChunkReader();
  let sink: AnswerSink | null = null;
  let method = '';
  let head: AnswerHead | null = null;
  /** The beginning of a head that is not all there. */
  let begun: Buffer | null = null;
  /** Of a body whose length is known. */
  let left = 0;

  function readHead(bytes: Buffer): number {
    const text = begun === null ? bytes : Buffer.concat([begun, bytes]);
    const end = text.indexOf(END_OF_HEAD);
    if (end === -1) {
      if (text.length > LARGEST_HEAD) throw new MalformedAnswer('headers without an end');
      const length = Math.min(text.length, BEGINNING.length);
      if (text.compare(BEGINNING, 0, length, 0, length) !== 0) throw new MalformedAnswer('no HTTP');
      begun = Buffer.from(text);
      return bytes.length;
    }
    const next = end + END_OF_HEAD.length - (begun?.length ?? 0);
    begun = null;
    const parsed = parseAnswerHead(text.toString('latin1', 0, end), method);
    if (parsed.status === 101) throw new MalformedAnswer('another protocol, which nobody asked for');
    // 100, 102, 103: something about the answer that is to come.
    if (parsed.status >= 200) begin(parsed);
    else if (!parsed.keepsAlive) throw new MalformedAnswer('news of an answer that cannot follow');
    return next;
  }

  function begin(parsed: AnswerHead): void {
    head = parsed;
    left = typeof parsed.body === 'number' ? parsed.body : 0;
    if (parsed.body === 'chunked') chunks.reset();
    sink?.head(parsed);
    if (parsed.body === 0) finish(null);
  }

  function finish(last: Buffer | null): void {
    const done = sink;
    sink = null;
    head = null;
    done?.end(last);
  }

  function readCounted(bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + left);
    const piece = Buffer.from(bytes.subarray(at, end));
    left -= piece.length;
    if (left === 0) finish(piece);
    else sink?.piece(piece);
    return end;
  }

  function readChunks(bytes: Buffer, at: number): number {
    const target = Buffer.allocUnsafe(bytes.length - at);
    const written = chunks.read(bytes, at, target);
    const piece = written === 0 ? null : target.subarray(0, written);
    if (chunks.isOver) finish(piece);
    else if (piece !== null) sink?.piece(piece);
    return chunks.next;
  }

  return {
    expect(nextMethod, nextSink) {
      method = nextMethod;
      sink = nextSink;
      begun = null;
    },
    read(bytes) {
      let at = 0;
      while (at < bytes.length) {
        if (sink === null) throw new MalformedAnswer('an answer to nothing');
        if (head === null) at += readHead(at === 0 ? bytes : bytes.subarray(at));
        else if (head.body === 'chunked') at = readChunks(bytes, at);
        else if (head.body === 'until-close') {
          sink.piece(Buffer.from(bytes.subarray(at)));
          at = bytes.length;
        } else at = readCounted(bytes, at);
      }
      if (head !== null) sink?.waits();
    },
    close() {
      const isWhole = sink === null || head?.body === 'until-close';
      if (isWhole) finish(null);
      return isWhole;
    },
  };
}
