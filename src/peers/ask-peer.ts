import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { http, https } from '../node-http.ts';
import type { PeerConfig } from '../config/types.ts';
import type { Upstream } from '../dispatch/lease.ts';
import type { PeerDesk } from '../dispatch/peer-desk.ts';
import { readList, type Unreadable } from './read-list.ts';
import type { PeerList } from './record.ts';

/** For the whole answer, whatever the peer's own limits are. */
const LIMIT_MS = 30_000;
const MOST_BYTES = 2 * 1_048_576;

/** Why a peer's answer is none, in words of our own. */
class NoList extends Error {}

/**
 * Asks a peer for its models: `GET <proxy>/v1/models` with its key, on its own connections and by its own time limits.
 * Never rejects.
 *
 * @param signal gives it up
 * @param limitMs for the whole answer
 */
export async function askPeer(
  peer: PeerConfig,
  desk: Pick<PeerDesk, 'acquire'>,
  signal: AbortSignal,
  limitMs = LIMIT_MS,
): Promise<PeerList | Unreadable> {
  try {
    const lease = desk.acquire(peer.id);
    try {
      return readList(await fetchList(peer, lease.upstream, signal, limitMs));
    } finally {
      lease.release();
    }
  } catch (error) {
    return { wrong: wordsFor(error) };
  }
}

async function fetchList(
  { apiKey }: PeerConfig,
  { target, agent, responseHeaderMs }: Upstream,
  signal: AbortSignal,
  limitMs: number,
): Promise<string> {
  const options: RequestOptions = {
    host: target.host,
    port: target.port,
    path: `${target.pathname}/v1/models`,
    headers: {
      accept: 'application/json',
      'accept-encoding': 'identity',
      ...(apiKey !== null && { authorization: `Bearer ${apiKey}`, 'x-api-key': apiKey }),
    },
    agent,
    signal,
  };
  const request = target.protocol === 'https:' ? https().request(options) : http.request(options);
  let cut = (error: Error): void => void request.destroy(error);
  const late = (): void => cut(new NoList('it does not answer in time'));
  const whole = setTimeout(late, limitMs);
  const headers = responseHeaderMs > 0 ? setTimeout(late, responseHeaderMs) : undefined;
  try {
    const answer = await answerTo(request.end());
    clearTimeout(headers);
    cut = (error) => void answer.destroy(error);
    return await read(answer);
  } finally {
    clearTimeout(headers);
    clearTimeout(whole);
  }
}

function answerTo(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once('response', resolve);
    // Stays: errors after the headers are those of the answer, and one that nobody listens for would end the process.
    request.on('error', reject);
    // Nobody has asked for this; without a listener node drops the connection, and the request never hears of it.
    request.once('upgrade', (_answer, socket) => {
      socket.destroy();
      reject(new NoList('it answers with status 101'));
    });
  });
}

async function read(answer: IncomingMessage): Promise<string> {
  if (answer.statusCode !== 200) {
    answer.destroy();
    throw new NoList(`it answers with status ${answer.statusCode}`);
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) throw new NoList(`its list is longer than ${MOST_BYTES / 1_048_576} MiB`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function wordsFor(error: unknown): string {
  if (error instanceof NoList) return error.message;
  return `it cannot be asked: ${(error as NodeJS.ErrnoException).code ?? 'unknown error'}`;
}
