import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { ask, SOON } from './ask.ts';
import { fakeDesk, gatewayKit, httpConfig, modelConfig } from './fake-gateway.ts';
import type { FakeGateway } from './fake-gateway.ts';
import { startUpstream, type FakeUpstream } from './fake-upstream.ts';

const { gatewayTo, gatewayWith, keep, closeAll } = gatewayKit();
afterEach(closeAll);

const BODY = '{"model":"alpha","stream":true}';
const CHAT = '/v1/chat/completions';
const WAYS = [
  ['over a connection of our own', CHAT, true],
  ['through http-proxy-middleware', CHAT, false],
  ['with a body that is streamed', '/upstream/alpha/x', true],
] as const;

interface OldClient {
  readonly socket: Socket;
  /** Resolves when the text has arrived. */
  until(text: string): Promise<void>;
  /** How the connection ended, which is all that tells a whole answer from a part of one. */
  readonly end: Promise<string>;
}

/** nginx speaks so to whatever is behind it, unless it is told otherwise. */
function askOld(port: number, path: string): OldClient {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
  });
  socket.write(`POST ${path} HTTP/1.0\r\nhost: x\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY}`);
  return {
    socket,
    end: new Promise((resolve) => {
      socket.on('end', () => resolve('whole')).on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
    }),
    async until(wanted) {
      await expect.poll(() => text, SOON).toContain(wanted);
    },
  };
}

/** Begins an answer without a length. */
function beginning(ownConnections: boolean): Promise<FakeUpstream> {
  return startUpstream(
    (_req, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.write('data: half\n\n');
    },
    { ownConnections },
  );
}

describe.each(WAYS)('HTTP/1.0, %s', (_, path, ownConnections) => {
  it('an answer without a length ends with its connection', async () => {
    const upstream = await startUpstream((_req, res) => res.write('half ') && res.end('whole'), { ownConnections });
    const gateway = await gatewayTo(upstream);
    const client = askOld(gateway.port, path);
    await client.until('half whole');
    expect(await client.end).toBe('whole');
  });

  it('R4: an upstream that breaks off: the end of the connection does not look like that of the answer', async () => {
    const upstream = await beginning(ownConnections);
    const gateway = await gatewayTo(upstream);
    const client = askOld(gateway.port, path);
    await client.until('half');
    upstream.crash();
    expect(await client.end).toBe('ECONNRESET');
    await gateway.desk.allBack();
  });
});

describe('HTTP/1.0', () => {
  async function idOfOnly({ observation }: FakeGateway): Promise<number> {
    await expect.poll(() => observation.inFlight.trips().length, SOON).toBe(1);
    return observation.inFlight.trips()[0]?.id ?? 0;
  }

  it('an answer that an operator ends does not look whole', async () => {
    const gateway = await gatewayTo(await beginning(true));
    const client = askOld(gateway.port, CHAT);
    await client.until('half');
    await ask(gateway.port, { method: 'POST', path: `/api/inflight/${await idOfOnly(gateway)}/cancel` });
    expect(await client.end).toBe('ECONNRESET');
    await gateway.desk.allBack();
  });

  it('an answer that is cut because nothing comes any more does not look whole', async () => {
    const liveness = { everyMs: 0, timeoutMs: 1_000, stallMs: 100 };
    const config = httpConfig([modelConfig('alpha', { liveness })]);
    const gateway = await gatewayTo(await beginning(true), { config });
    const client = askOld(gateway.port, CHAT);
    expect(await client.end).toBe('ECONNRESET');
    await gateway.desk.allBack();
  });

  it('an answer that breaks off in a stream that the gateway has begun does not look whole', async () => {
    const upstream = keep(await beginning(true));
    const lent = Promise.withResolvers<typeof upstream.upstream>();
    const gateway = await gatewayWith(
      fakeDesk(() => lent.promise),
      { feedbackTimes: { loadingAfterMs: 5, keepAliveMs: 20 } },
    );
    const client = askOld(gateway.port, CHAT);
    await client.until(': waiting');
    lent.resolve(upstream.upstream);
    await client.until('half');
    upstream.crash();
    expect(await client.end).toBe('ECONNRESET');
    await gateway.desk.allBack();
  });
});
