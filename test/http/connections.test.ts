import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { post, signal, SOON } from './ask.ts';
import { fakeDesk, gatewayKit, waitForAbort } from './fake-gateway.ts';
import { echo, startUpstream } from './fake-upstream.ts';
import { noDesk } from './samples.ts';

const { gatewayTo, gatewayWith, closeAll } = gatewayKit();
afterEach(closeAll);

describe('a connection', () => {
  it('survives clients that reset their connection at any point', async () => {
    const upstream = await startUpstream(echo);
    const gateway = await gatewayTo(upstream);
    const body = '{"model":"alpha"}';
    const text = `POST /v1/completions HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
    for (let length = 0; length <= text.length; length += 5) {
      const socket = connect(gateway.port, '127.0.0.1');
      await once(socket, 'connect');
      socket.write(text.slice(0, length), () => socket.resetAndDestroy());
      await once(socket, 'close');
    }
    await gateway.desk.allBack();
    expect((await post(`${gateway.url}/v1/completions`, body)).status).toBe(200);
  });

  it.each([
    [
      'asks for a WebSocket',
      'GET /upstream/alpha/ HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n',
    ],
    ['asks for a tunnel', 'CONNECT x:1 HTTP/1.1\r\nhost: x\r\n\r\n'],
    ['asks for more', 'GET /health HTTP/1.1\r\nhost: x\r\n\r\n'],
  ])(
    'R6: a client that %s before it has its answers: all of them are heard to be unwanted when it leaves',
    async (_, more) => {
      const waiting = signal();
      const withdrawn = signal();
      // The first answer is the connection's next; the second one only waits for its turn there.
      const desk = fakeDesk(({ model }, leave) => {
        if (model !== 'beta') return waitForAbort(leave);
        leave.addEventListener('abort', withdrawn.set);
        waiting.set();
        return waitForAbort(leave);
      });
      const gateway = await gatewayWith(desk);
      const socket = connect(gateway.port, '127.0.0.1').on('error', () => {});
      const [atGateway] = (await once(gateway.server, 'connection')) as [Socket];
      for (const model of ['alpha', 'beta']) {
        const body = `{"model":"${model}"}`;
        socket.write(`POST /v1/completions HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
      }
      await waiting.done;
      const before = atGateway.bytesRead;
      socket.write(more);
      await expect.poll(() => atGateway.bytesRead > before || atGateway.destroyed, SOON).toBe(true);
      socket.destroy();
      await withdrawn.done;
      expect(desk.granted).toBe(0);
    },
  );

  it.runIf(process.platform === 'linux')('asks after a client of which nothing is heard any more', async () => {
    const gateway = await gatewayWith(noDesk());
    const arrived = once(gateway.server, 'connection');
    const socket = connect(gateway.port, '127.0.0.1');
    await arrived;
    const port = gateway.port.toString(16).toUpperCase().padStart(4, '0');
    const connection = readFileSync('/proc/net/tcp', 'latin1')
      .split('\n')
      .find((line) => new RegExp(`^ *\\d+: \\w+:${port} \\w+:\\w+ 01 `).test(line));
    // The kernel's own words: a timer for keep-alive runs.
    expect(connection?.trim().split(/\s+/)[5]).toMatch(/^02:/);
    socket.destroy();
  });
});
