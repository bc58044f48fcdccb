import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { GatewayError } from '../../src/errors.ts';
import { ask, begin, CHAT, errorIn, SOON, signal } from './ask.ts';
import { fakeDesk, gatewayKit, waitForAbort } from './fake-gateway.ts';
import { startUpstream } from './fake-upstream.ts';

const { gatewayTo, gatewayWith, keep, closeAll } = gatewayKit();
afterEach(closeAll);

/** A desk that never grants anything, and tells when somebody waits and when they have given up. */
function endlessLine() {
  const waiting = signal();
  const withdrawn = signal();
  const desk = fakeDesk((_destination, leave) => {
    leave.addEventListener('abort', withdrawn.set);
    waiting.set();
    return waitForAbort(leave);
  });
  return { desk, waiting, withdrawn };
}

describe('a client that leaves', () => {
  it('while its answer streams: the upstream request is aborted and the lease comes back', async () => {
    const aborted = signal();
    const upstream = await startUpstream((_req, res) => {
      res.on('close', aborted.set);
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.write('data: 1\n\n');
    });
    const gateway = await gatewayTo(upstream);
    const req = begin(gateway.port, CHAT).end(CHAT.body);
    const [message] = (await once(req, 'response')) as [IncomingMessage];
    message.on('error', () => {});
    req.destroy();
    await aborted.done;
    await gateway.desk.allBack();
    expect(gateway.desk.granted).toBe(1);
  });

  it('before the first byte: the upstream request is aborted, and nobody asks again', async () => {
    const asked = signal();
    const aborted = signal();
    const upstream = await startUpstream((req: IncomingMessage, res: ServerResponse) => {
      res.on('close', aborted.set);
      req.on('end', asked.set).resume();
    });
    const gateway = await gatewayTo(upstream);
    const req = begin(gateway.port, CHAT).on('error', () => {});
    req.end(CHAT.body);
    await asked.done;
    req.destroy();
    await aborted.done;
    await gateway.desk.allBack();
    expect(gateway.desk.asked).toHaveLength(1);
  });

  it('R6: while it waits: its ticket is withdrawn', async () => {
    const { desk, waiting, withdrawn } = endlessLine();
    const gateway = await gatewayWith(desk);
    const req = begin(gateway.port, CHAT).on('error', () => {});
    req.end(CHAT.body);
    await waiting.done;
    req.destroy();
    await withdrawn.done;
    expect(desk.granted).toBe(0);
  });

  it.each([
    ['small', 10, 10],
    ['small, half of it sent', 10, 5],
    ['large', 2_000_000, 2_000_000],
    ['large, half of it sent', 2_000_000, 1_000_000],
  ])('R6: while it waits with a body that is streamed: its ticket is withdrawn (%s)', async (_, length, sent) => {
    const { desk, waiting, withdrawn } = endlessLine();
    const gateway = await gatewayWith(desk);
    const socket = connect(gateway.port, '127.0.0.1').on('error', () => {});
    socket.write(`POST /upstream/alpha/x HTTP/1.1\r\nhost: x\r\ncontent-length: ${length}\r\n\r\n`);
    await waiting.done;
    socket.end(Buffer.alloc(sent, 'x'));
    await withdrawn.done;
    expect(desk.granted).toBe(0);
  });

  it('R6: a waiting request that is cancelled by the gateway gets an error, not an empty 200', async () => {
    const desk = fakeDesk(() => {
      throw new GatewayError('model_unloaded', 'alpha was unloaded while the request waited for it');
    });
    const gateway = await gatewayWith(desk);
    const { message, body } = await ask(gateway.port, CHAT);
    expect(message.statusCode).toBe(503);
    expect(errorIn(body).code).toBe('model_unloaded');
  });

  it('just before its grant: the lease comes back at once, and nothing is forwarded', async () => {
    const waiting = signal();
    const left = signal();
    let forwarded = 0;
    const upstream = keep(
      await startUpstream((_req, res) => {
        forwarded += 1;
        res.end();
      }),
    );
    // A desk that does not hear the client leave, as when grant and departure cross.
    const desk = fakeDesk(async (_destination, leave) => {
      leave.addEventListener('abort', left.set);
      waiting.set();
      await left.done;
      return upstream.upstream;
    });
    const gateway = await gatewayWith(desk);
    const req = begin(gateway.port, CHAT).on('error', () => {});
    req.end(CHAT.body);
    await waiting.done;
    req.destroy();
    await left.done;
    await expect.poll(() => desk.released, SOON).toBe(1);
    expect(forwarded).toBe(0);
  });

  it('in the middle of its body: the request is dropped without asking for a model', async () => {
    const desk = fakeDesk(() => waitForAbort(new AbortController().signal));
    const gateway = await gatewayWith(desk);
    const socket = connect(gateway.port, '127.0.0.1');
    const arrived = once(gateway.server, 'request');
    socket.write('POST /v1/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{"model":');
    const [req] = (await arrived) as [IncomingMessage];
    socket.destroy();
    await new Promise((resolve) => {
      req.on('close', resolve);
    });
    expect(desk.asked).toHaveLength(0);
    expect((await ask(gateway.port, { path: '/health' })).body.toString()).toBe('OK');
  });
});
