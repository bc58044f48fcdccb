import { connect } from 'node:net';
import { parseArgs } from 'node:util';
import { sharedNow } from './machine.ts';
import { EVENT_BYTES, EVENT_START, readEvent } from './sse-event.ts';
import { quantile } from './statistics.ts';
import { MODEL } from './wrk.ts';

/** What a client saw of all its streams. */
export interface StreamFigures {
  /** Milliseconds from the sending of an event to its arrival. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly events: number;
  /** Events that should have come and did not, or came out of order, and streams without a proper end. */
  readonly lost: number;
  /** The CPU time that the client itself used. */
  readonly cpuMs: number;
}

/**
 * Reads some streams to their ends at the same time, and prints what it saw as one line of JSON. It looks for the events
 * in what comes from the socket, whatever is around them: a client that parses HTTP would be busier than the gateway.
 */
const { values } = parseArgs({
  options: {
    url: { type: 'string' },
    streams: { type: 'string' },
    events: { type: 'string' },
    skip: { type: 'string' },
  },
});
const { hostname, port } = new URL(values.url ?? '');
const events = Number(values.events);
const skip = Number(values.skip);
const body = JSON.stringify({ model: MODEL, stream: true, events, messages: [{ role: 'user', content: 'Go on.' }] });
const head = [
  'POST /v1/chat/completions HTTP/1.1',
  `host: ${hostname}:${port}`,
  'content-type: application/json',
  `content-length: ${body.length}`,
  'connection: close',
].join('\r\n');
const tookMs: number[] = [];
let seen = 0;
let lost = 0;

function readStream(): Promise<void> {
  return new Promise((resolve, reject) => {
    let rest = '';
    let expected = 0;
    let isFine = false;
    const read = (bytes: number, buffer: Uint8Array): boolean => {
      const now = sharedNow();
      rest += Buffer.from(buffer.buffer, buffer.byteOffset, bytes).toString('latin1');
      if (expected === 0 && rest.startsWith('HTTP/1.1 200')) isFine = true;
      let at = rest.indexOf(EVENT_START);
      while (at !== -1 && rest.length - at >= EVENT_BYTES) {
        const event = readEvent(rest, at);
        if (event.number === expected) seen++;
        expected = event.number + 1;
        if (event.number >= skip) tookMs.push(now - event.sentMs);
        rest = rest.slice(at + EVENT_BYTES);
        at = rest.indexOf(EVENT_START);
      }
      return true;
    };
    const socket = connect({
      host: hostname,
      port: Number(port),
      noDelay: true,
      onread: { buffer: Buffer.alloc(65_536), callback: read },
    });
    socket.write(`${head}\r\n\r\n${body}`);
    socket.once('error', reject);
    socket.once('close', () => {
      if (!isFine || !rest.includes('data: [DONE]')) lost++;
      resolve();
    });
  });
}

const streams = Number(values.streams);
await Promise.all(Array.from({ length: streams }, readStream));
lost += streams * events - seen;
const { user, system } = process.cpuUsage();
const figures: StreamFigures = {
  p50Ms: quantile(tookMs, 0.5),
  p99Ms: quantile(tookMs, 0.99),
  events: seen,
  lost,
  cpuMs: (user + system) / 1000,
};
console.log(JSON.stringify(figures));
