import { connect, type Socket } from 'node:net';
import type { AnswerHead } from './answer-head.ts';
import { type AnswerSink, createAnswerReader } from './answer-reader.ts';
import { limitUntil } from './limit-until.ts';
import { lookupUpstream } from './lookup.ts';
import type { Pool, Pooled } from './pool.ts';
import { writeTogether } from '../write-together.ts';

/** Who waits for an answer. After `end` or `failed` nothing is called any more. Nothing here may throw. */
export interface ExchangeSink extends AnswerSink {
  /** No answer, or no whole one: the code is that of node's error, or `ERR_MALFORMED_ANSWER`. */
  failed(error: NodeJS.ErrnoException): void;
}

export interface ConnectionOptions {
  readonly host: string;
  readonly port: number;
  /** Milliseconds; 0 = no limit. */
  readonly connectMs: number;
  /** Milliseconds of silence before TCP asks whether the other side is there. */
  readonly keepAliveMs: number;
}

/** One connection to an upstream, for one request at a time. */
export interface Connection extends Pooled {
  /** Sends a request. @param sent is called when all of it is out. */
  send(method: string, bytes: readonly Buffer[], sink: ExchangeSink, sent: (() => void) | null): void;
  /** Stops reading the answer for this sink, and goes on. As all that names a sink: nothing once its exchange is over. */
  pause(sink: ExchangeSink): void;
  resume(sink: ExchangeSink): void;
  /** Ends the exchange, and the connection with it; the sink is told. */
  abort(sink: ExchangeSink, error: NodeJS.ErrnoException): void;
}

/** Who is told that it may be used again, or is closed. */
type Owner = Pick<Pool<Connection>, 'freed' | 'gone'>;

/** What all connections read into: the bytes are looked at, and copied where they are kept, before the next read. */
const READ_BUFFER = Buffer.allocUnsafeSlow(64 * 1024);

/**
 * INVARIANTS
 * - The sink of an exchange hears of its end once: `end`, or `failed` when the connection breaks, ends early or talks
 *   nonsense, whatever the reason.
 * - A connection is free only when its answer is whole, its request is all out, and the server lets it be used again.
 * - Bytes that nobody has asked for yet end the connection: they could be taken for the answer to a request that is not out.
 */
export function openConnection({ host, port, connectMs, keepAliveMs }: ConnectionOptions, pool: Owner): Connection {
  const reader = createAnswerReader();
  let sink: ExchangeSink | null = null;
  let head: AnswerHead | null = null;
  let isWritten = false;

  const socket = connect({
    host,
    port,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: keepAliveMs,
    lookup: lookupUpstream,
    onread: { buffer: READ_BUFFER, callback: onRead },
  });
  limitUntil(socket, 'connect', connectMs, 'connecting to the upstream timed out');
  socket.on('end', onEnd).on('error', fail).once('close', onClose);

  const answer: AnswerSink = {
    head(parsed) {
      head = parsed;
      sink?.head(parsed);
    },
    waits: () => sink?.waits(),
    piece: (bytes) => sink?.piece(bytes),
    end: finish,
  };

  const connection: Connection = {
    socket,
    get isBusy() {
      return sink !== null;
    },
    idleSince: 0,
    idleMs: null,
    send(method, bytes, nextSink, sent) {
      sink = nextSink;
      head = null;
      reader.expect(method, answer);
      isWritten = false;
      writeTogether(() => {
        if (sink !== nextSink) return;
        isWritten = true;
        write(socket, bytes, sent);
      });
    },
    pause: (of) => void (sink === of && socket.pause()),
    resume: (of) => void (sink === of && socket.resume()),
    abort: (of, error) => void (sink === of && fail(error)),
  };
  return connection;

  function onRead(length: number, buffer: Uint8Array): boolean {
    try {
      // What comes before its request is out is no answer to it.
      if (sink !== null && !isWritten) fail(hangUp());
      else reader.read((buffer as Buffer).subarray(0, length));
    } catch (error) {
      fail(error as NodeJS.ErrnoException);
    }
    return true;
  }

  function finish(last: Buffer | null): void {
    const done = sink;
    sink = null;
    if (head?.keepsAlive === true && socket.writableLength === 0 && socket.writable) {
      connection.idleMs = head.idleMs;
      // Whoever paused it for the sake of this answer does not come back for the next one.
      if (socket.isPaused()) socket.resume();
      pool.freed(connection);
    } else socket.destroy();
    done?.end(last);
  }

  function onEnd(): void {
    if (!reader.close()) fail(hangUp());
  }

  function fail(error: NodeJS.ErrnoException): void {
    const broken = sink;
    sink = null;
    socket.destroy();
    if (broken === null) return;
    pool.gone(connection, true);
    broken.failed(error);
  }

  function onClose(): void {
    if (sink !== null) fail(hangUp());
    else pool.gone(connection, false);
  }
}

function write(socket: Socket, bytes: readonly Buffer[], sent: (() => void) | null): void {
  const last = bytes.length - 1;
  if (last > 0) socket.cork();
  for (let at = 0; at < last; at += 1) socket.write(bytes[at] ?? '');
  if (sent === null) socket.write(bytes[last] ?? '');
  else socket.write(bytes[last] ?? '', (error) => void (error ?? sent()));
  if (last > 0) socket.uncork();
}

function hangUp(): NodeJS.ErrnoException {
  return Object.assign(new Error('the upstream hung up'), { code: 'ECONNRESET' });
}
