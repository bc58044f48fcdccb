import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { parseArgs } from 'node:util';
import { sharedNow } from './machine.ts';
import { EVENT_BYTES, writeEvent } from './sse-event.ts';

/**
 * A model server whose streams come at a steady rate; each event says when it was sent. Answers are written onto the
 * socket as they are: framing each of them once more would cost about as much as sending it.
 */
const { values } = parseArgs({
  options: { port: { type: 'string', default: '0' }, 'per-second': { type: 'string', default: '50' } },
});
const everyMs = 1000 / Number(values['per-second']);

interface Stream {
  readonly socket: Socket;
  readonly events: number;
  sent: number;
  dueMs: number;
}

const streams = new Set<Stream>();
// nginx passes each chunk on at once when it is told so.
const HEAD = ['HTTP/1.1 200 OK', 'content-type: text/event-stream', 'x-accel-buffering: no', 'connection: close']
  .concat('transfer-encoding: chunked', '', '')
  .join('\r\n');
const FRAME = `${EVENT_BYTES.toString(16)}\r\n`;
const END = chunk(
  'data: {"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":9},"timings":{"predicted_ms":5}}\n\ndata: [DONE]\n\n',
);

function chunk(text: string): string {
  return `${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`;
}

createServer((req, res) => {
  let body = '';
  req.setEncoding('utf8').on('data', (text: string) => (body += text));
  req.on('end', () => {
    const { events = 0 } = body === '' ? {} : (JSON.parse(body) as { events?: number });
    if (events === 0) {
      res.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      return;
    }
    const { socket } = req;
    socket.write(HEAD);
    // Streams do not all speak at the same moment.
    const stream = { socket, events, sent: 0, dueMs: sharedNow() + Math.random() * everyMs };
    streams.add(stream);
    socket.once('close', () => streams.delete(stream));
  });
}).listen({ port: Number(values.port), host: '127.0.0.1', backlog: 4096 });

// One clock for all: as many timers as streams would cost more than the streams.
setInterval(() => {
  for (const stream of streams) {
    const sentMs = sharedNow();
    if (sentMs < stream.dueMs) continue;
    stream.dueMs += everyMs;
    stream.socket.write(`${FRAME}${writeEvent({ number: stream.sent++, sentMs })}\r\n`, 'latin1');
    if (stream.sent < stream.events) continue;
    streams.delete(stream);
    stream.socket.end(END);
  }
}, 1);
