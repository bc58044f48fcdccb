import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { GatewayError } from '../../src/errors.ts';
import { ask, begin, CHAT, errorIn, sendRaw, signal, SOON } from './ask.ts';
import { createPools } from '../../src/upstream/pools.ts';
import { fakeDesk, gatewayKit, NO_TIMEOUTS } from './fake-gateway.ts';
import { bodyOf, echo, startUpstream as startAnyUpstream } from './fake-upstream.ts';
import type { FakeUpstream } from './fake-upstream.ts';

const { gatewayTo, gatewayWith, keep, closeAll } = gatewayKit();
afterEach(closeAll);

/** A model server that is not node's. */
async function listening(server: Server, ownConnections: boolean): Promise<FakeUpstream> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const real = keep(await startAnyUpstream(echo));
  const { agent, connections, close } = createPools('http:', () => ({ host: '127.0.0.1', port }), NO_TIMEOUTS);
  const target = { ...real.upstream.target, port };
  return {
    ...real,
    upstream: { ...real.upstream, agent, connections: ownConnections ? connections : null, target },
    async close() {
      close();
      server.close();
    },
  };
}

/** Over connections of our own, and through http-proxy-middleware. */
describe.each([
  ['over a connection of our own', true],
  ['through http-proxy-middleware', false],
])('%s: an upstream that dies', (_, ownConnections) => {
  const startUpstream: typeof startAnyUpstream = (listener, options) =>
    startAnyUpstream(listener, { ...options, ownConnections });

  it('R4: in the middle of a chunked answer breaks the connection, never ends it as if it were whole', async () => {
    const upstream = await startUpstream((_req, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.write('data: half\n\n', () => upstream.crash());
    });
    const gateway = await gatewayTo(upstream);
    await expect(ask(gateway.port, CHAT)).rejects.toMatchObject({ code: 'ECONNRESET' });
    await gateway.desk.allBack();
    expect(gateway.log).toEqual(['alpha broke off in the middle of an answer']);
    expect(gateway.desk.asked).toHaveLength(1);
  });

  it('R4: in the middle of an answer with a content length breaks the connection', async () => {
    const upstream = await startUpstream((_req, res) => {
      res.writeHead(200, { 'content-length': '100' });
      res.write('half', () => upstream.crash());
    });
    const gateway = await gatewayTo(upstream);
    await expect(ask(gateway.port, CHAT)).rejects.toMatchObject({ code: 'ECONNRESET' });
    await gateway.desk.allBack();
  });

  it('R4: right behind its headers breaks the connection', async () => {
    const upstream = await startUpstream((_req, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.flushHeaders();
    });
    const gateway = await gatewayTo(upstream);
    const req = begin(gateway.port, CHAT).end(CHAT.body);
    const [message] = (await once(req, 'response')) as [IncomingMessage];
    upstream.crash();
    await expect(once(message.resume(), 'end')).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  it('S6: before the first byte is asked once more, through the desk, and the client only sees the answer', async () => {
    let times = 0;
    const upstream = await startUpstream((req, res) => {
      times += 1;
      if (times === 1) req.socket.resetAndDestroy();
      else echo(req, res);
    });
    const gateway = await gatewayTo(upstream);
    const { message, body } = await ask(gateway.port, CHAT);
    expect(message.statusCode).toBe(200);
    expect(JSON.parse(body.toString())).toMatchObject({
      body: CHAT.body,
      // Appended once, not once per try.
      headers: { 'x-forwarded-for': '127.0.0.1' },
    });
    expect(gateway.desk).toMatchObject({ granted: 2, released: 2 });
  });

  it('R5: twice before its headers gives 502 in the error shape, never an empty body', async () => {
    const upstream = await startUpstream((req) => req.socket.resetAndDestroy());
    const gateway = await gatewayTo(upstream);
    const { message, body } = await ask(gateway.port, CHAT);
    expect(message.statusCode).toBe(502);
    expect(errorIn(body)).toMatchObject({ code: 'upstream_closed', type: 'server_error' });
    expect(gateway.desk).toMatchObject({ granted: 2, released: 2 });
  });

  it('R5: nobody listening gives 502 in the error shape', async () => {
    const upstream = await startUpstream(echo);
    const gateway = await gatewayTo(upstream);
    await upstream.close();
    const { message, body } = await ask(gateway.port, CHAT);
    expect(message.statusCode).toBe(502);
    expect(errorIn(body)).toMatchObject({ code: 'upstream_unreachable' });
    expect(gateway.desk).toMatchObject({ granted: 2, released: 2 });
  });

  it('is told about with its failure when the second try finds that it cannot start', async () => {
    const upstream = keep(await startUpstream((req) => req.socket.resetAndDestroy()));
    const failure = { code: 'exited_early', message: 'exit 1', exitCode: 1, signal: null, logTail: ['no VRAM'], at: 1 };
    let times = 0;
    const desk = fakeDesk(() => {
      times += 1;
      if (times === 1) return upstream.upstream;
      throw new GatewayError('model_start_failed', 'alpha could not be started', {
        failure: { ...failure, code: 'exited_early' },
        retryAfterSeconds: 1.2,
      });
    });
    const gateway = await gatewayWith(desk);
    const { message, body } = await ask(gateway.port, CHAT);
    expect(message.statusCode).toBe(503);
    expect(message.headers['retry-after']).toBe('2');
    expect(errorIn(body)).toMatchObject({
      code: 'model_start_failed',
      details: { code: 'exited_early', exitCode: 1, signal: null, logTail: ['no VRAM'] },
    });
  });

  it('R5: of a crash is told about with exit code and last lines, when those are known', async () => {
    const upstream = await startUpstream((req) => req.socket.resetAndDestroy());
    const failure = {
      code: 'crashed' as const,
      message: 'It crashed.',
      exitCode: 134,
      signal: null,
      logTail: ['GGML_ASSERT'],
      at: 1,
    };
    const gateway = await gatewayTo(upstream, {
      board: { phaseOf: () => 'stopped', failureOf: () => failure, actors: () => [] },
    });
    const { message, body } = await ask(gateway.port, CHAT);
    expect(message.statusCode).toBe(502);
    expect(errorIn(body).details).toMatchObject({ exitCode: 134, logTail: ['GGML_ASSERT'] });
  });

  it('because it was unloaded is not started again by the request that this breaks', async () => {
    const upstream = await startUpstream((req) => req.socket.resetAndDestroy(), { ending: () => true });
    const gateway = await gatewayTo(upstream);
    const { message, body } = await ask(gateway.port, CHAT);
    expect(message.statusCode).toBe(503);
    expect(errorIn(body)).toMatchObject({ code: 'model_unloaded' });
    expect(gateway.desk.asked).toHaveLength(1);
  });

  it('is not asked again when the body was streamed', async () => {
    const upstream = await startUpstream((req) => {
      req.once('data', () => req.socket.resetAndDestroy());
    });
    const gateway = await gatewayTo(upstream);
    const { message } = await ask(gateway.port, { method: 'POST', path: '/upstream/alpha/x', body: 'once' });
    expect(message.statusCode).toBe(502);
    expect(gateway.desk.asked).toHaveLength(1);
  });

  it.each([
    ['says something that is not HTTP', '220 mail.example ESMTP\r\n'],
    ['changes the protocol unasked', 'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'],
  ])('is told about when it %s', async (_what, words) => {
    const server = createServer((socket) => socket.on('error', () => {}).end(words));
    const gateway = await gatewayTo(await listening(server, ownConnections));
    const { message, body } = await ask(gateway.port, CHAT);
    expect(message.statusCode).toBe(502);
    expect(errorIn(body).message).toContain('not HTTP');
  });
});

describe.each([
  ['over a connection of our own', true],
  ['through http-proxy-middleware', false],
])('%s: an upstream that is slow or hasty', (_, ownConnections) => {
  const startUpstream: typeof startAnyUpstream = (listener, options) =>
    startAnyUpstream(listener, { ...options, ownConnections });

  it('gives 504 when its headers do not come in time, and is not asked again', async () => {
    const asked = signal();
    const aborted = signal();
    const upstream = await startUpstream(
      (req) => {
        asked.set();
        req.on('close', aborted.set).resume();
      },
      { responseHeaderMs: 500 },
    );
    const gateway = await gatewayTo(upstream);
    const { message, body } = await ask(gateway.port, CHAT);
    expect(message.statusCode).toBe(504);
    expect(errorIn(body)).toMatchObject({ code: 'upstream_timeout' });
    await Promise.all([asked.done, aborted.done]);
    expect(gateway.desk).toMatchObject({ granted: 1, released: 1 });
  });

  it('may take as long as it likes once its headers are there', async () => {
    const upstream = await startUpstream(
      (_req, res) => {
        res.writeHead(200).flushHeaders();
        setTimeout(() => res.end('late'), 1200);
      },
      { responseHeaderMs: 1000 },
    );
    const gateway = await gatewayTo(upstream);
    expect((await ask(gateway.port, CHAT)).body.toString()).toBe('late');
  });

  it('may begin its answer before it has the whole body, and then take as long as it likes', async () => {
    const upstream = await startUpstream(
      (req, res) => {
        req.once('data', () => res.writeHead(200).flushHeaders());
        req.once('end', () => void setTimeout(() => res.end('late'), 400));
      },
      { responseHeaderMs: 200 },
    );
    const gateway = await gatewayTo(upstream);
    const req = begin(gateway.port, { method: 'POST', path: '/upstream/alpha/x' });
    req.write('first');
    const [message] = (await once(req, 'response')) as [IncomingMessage];
    req.end('last');
    expect((await bodyOf(message)).toString()).toBe('late');
  });

  it('is not taken to answer what it has not been asked yet', async () => {
    const upstream = await startUpstream(() => {});
    upstream.server.on('connection', (socket) => {
      socket.write('HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n');
    });
    const gateway = await gatewayTo(upstream);
    const req = begin(gateway.port, { method: 'POST', path: '/upstream/alpha/x', headers: { 'content-length': '4' } });
    req.on('error', () => {}).flushHeaders();
    const [message] = (await once(req, 'response')) as [IncomingMessage];
    expect(message.statusCode).toBe(502);
    expect(errorIn(await bodyOf(message))).toMatchObject({ code: 'upstream_closed' });
    req.destroy();
  });

  it.each(['/v1/completions', '/upstream/alpha/v1/completions'])(
    'may answer without reading the body (%s)',
    async (path) => {
      const upstream = await startUpstream((_req, res) => {
        res.writeHead(413, { 'content-length': '3' }).end('big');
      });
      const gateway = await gatewayTo(upstream);
      const body = `{"model":"alpha","x":"${'x'.repeat(8_000_000)}"}`;
      const answer = await ask(gateway.port, { method: 'POST', path, body });
      expect(answer.message.statusCode).toBe(413);
      expect(answer.body.toString()).toBe('big');
      await gateway.desk.allBack();
    },
  );

  it('may refuse a body in the middle, streamed or not, and hang up on the rest', async () => {
    const words = 'HTTP/1.1 413 Payload Too Large\r\ncontent-length: 3\r\nconnection: close\r\n\r\nbig';
    const server = createServer((socket) => {
      // Nobody reads the rest, so that the end of this connection is a reset.
      socket.on('error', () => {}).once('data', () => socket.pause().write(words, () => socket.destroy()));
    });
    const gateway = await gatewayTo(await listening(server, ownConnections));
    const body = `{"model":"alpha","x":"${'x'.repeat(8_000_000)}"}`;
    for (const path of ['/v1/completions', '/upstream/alpha/x']) {
      const answer = await ask(gateway.port, { method: 'POST', path, body });
      expect([answer.message.statusCode, answer.body.toString()]).toEqual([413, 'big']);
    }
    await gateway.desk.allBack();
  });

  it('R4: in the middle of an answer whose turn on its connection has not come breaks that when it does', async () => {
    const first = signal();
    let asked = 0;
    const upstream = await startUpstream((_req, res) => {
      asked += 1;
      if (asked === 1) {
        void first.done.then(() => res.end('whole'));
        return;
      }
      res.writeHead(200, { 'content-length': '100' });
      res.write('half', () => void res.destroy());
    });
    const gateway = await gatewayTo(upstream);
    const request = `POST ${CHAT.path} HTTP/1.1\r\nhost: x\r\ncontent-length: ${CHAT.body.length}\r\n\r\n${CHAT.body}`;
    const answers = sendRaw(gateway.port, request + request);
    await expect.poll(() => gateway.log, SOON).toEqual(['alpha broke off in the middle of an answer']);
    first.set();
    expect(await answers).toMatch(/whole$/);
    await gateway.desk.allBack();
  });

  it.each([
    ['a status that there is not', 'HTTP/1.1 099 Odd\r\n'],
    ['a reason that is no text', 'HTTP/1.1 200 O\u0001K\r\n'],
  ])('R5: gives 502 for a head with %s, even if the answer is whole with it', async (_what, line) => {
    const server = createServer((socket) => {
      socket.on('error', () => {}).once('data', () => socket.write(`${line}content-length: 0\r\n\r\n`));
    });
    const gateway = await gatewayTo(await listening(server, ownConnections));
    const { message, body } = await ask(gateway.port, CHAT);
    expect([message.statusCode, message.statusMessage]).toEqual([502, 'Bad Gateway']);
    expect(errorIn(body).code).toBe('upstream_closed');
    await gateway.desk.allBack();
  });
});
