import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { GatewayError } from '../../src/errors.ts';
import { MOST_AHEAD_BYTES } from '../../src/http/body/read-ahead.ts';
import { ask, begin, errorIn, signal, SOON } from './ask.ts';
import { fakeDesk, gatewayKit, httpConfig, modelConfig } from './fake-gateway.ts';
import { noDesk, sampleConfig, sampleBoard } from './samples.ts';
import { echo, startUpstream } from './fake-upstream.ts';
import type { Echo } from './fake-upstream.ts';

const { gatewayTo, gatewayWith, keep, closeAll } = gatewayKit();
afterEach(closeAll);

describe('ANY /upstream/<model>/<rest>', () => {
  it('passes method, raw path, query and body through, for the longest name that is configured', async () => {
    const models = ['a', 'a/b', 'author/llama'].map((id) => modelConfig(id));
    const gateway = await gatewayTo(await startUpstream(echo), { config: httpConfig(models) });
    const seen: unknown[] = [];
    for (const path of ['a/x', 'a/b/x%2Fy//z?q=%20', 'a%2Fb/x%252F', 'author%2Fllama/%C3%BC', '/a//x']) {
      const { body } = await ask(gateway.port, { method: 'PUT', path: `/upstream/${path}`, body: 'as it is' });
      const { method, url, body: got } = JSON.parse(body.toString()) as Echo;
      seen.push([method, url, got]);
    }
    expect(seen).toEqual([
      ['PUT', '/x', 'as it is'],
      ['PUT', '/x%2Fy//z?q=%20', 'as it is'],
      ['PUT', '/x%252F', 'as it is'],
      ['PUT', '/%C3%BC', 'as it is'],
      ['PUT', '//x', 'as it is'],
    ]);
    expect(gateway.desk.asked.map(({ model }) => model)).toEqual(['a', 'a/b', 'a/b', 'author/llama', 'a']);
  });

  it('streams a body on while it is still being sent', async () => {
    const upstream = await startUpstream((req, res) => {
      req.once('data', (chunk: Buffer) => res.write(chunk));
      req.on('end', () => res.end('.'));
    });
    const gateway = await gatewayTo(upstream);
    const req = begin(gateway.port, { method: 'POST', path: '/upstream/alpha/x' });
    req.write('first');
    const [message] = (await once(req, 'response')) as [IncomingMessage];
    const [chunk] = (await once(message, 'data')) as [Buffer];
    expect(chunk.toString()).toBe('first');
    req.end();
    await once(message.resume(), 'end');
  });

  it.each([
    ['is all there', 3_000_000, 'content-length'],
    ['is all there, in chunks', 3_000_000, 'transfer-encoding'],
    ['is larger than what is read ahead', MOST_AHEAD_BYTES + 9_000_000, 'content-length'],
  ])(
    'streams a body on, byte for byte, of which much came while the model was awaited: it %s',
    async (_, size, how) => {
      const upstream = keep(
        await startUpstream((req, res) => {
          const hash = createHash('sha256');
          req.on('data', (chunk: Buffer) => void hash.update(chunk)).on('end', () => res.end(hash.digest('hex')));
        }),
      );
      const lent = signal();
      const desk = fakeDesk(() => lent.done.then(() => upstream.upstream));
      const gateway = await gatewayWith(desk);
      const body = randomBytes(size);
      const arrived = once(gateway.server, 'request') as Promise<[IncomingMessage]>;
      const headers = how === 'content-length' ? { [how]: String(size) } : { [how]: 'chunked' };
      const answer = ask(gateway.port, { method: 'POST', path: '/upstream/alpha/x', headers, body });
      const [req] = await arrived;
      // Nothing comes any more: everything is here, or as much as is read ahead.
      const seen: number[] = [];
      await expect
        .poll(() => {
          seen.unshift(req.socket.bytesRead);
          return seen[0] !== undefined && seen[0] > 1_000_000 && seen[0] === seen[20];
        }, SOON)
        .toBe(true);
      expect(req.socket.bytesRead).toBeLessThan(Math.max(size, MOST_AHEAD_BYTES) + 1_000_000);
      lent.set();
      expect((await answer).body.toString()).toBe(createHash('sha256').update(body).digest('hex'));
      await desk.allBack();
    },
  );

  it('tells a client that sends all of a body before it reads that its model cannot start', async () => {
    const refused = signal();
    const refusal = new GatewayError('model_start_failed', 'No.');
    const desk = fakeDesk(() => refused.done.then(() => Promise.reject(refusal)));
    const gateway = await gatewayWith(desk);
    const arrived = once(gateway.server, 'request') as Promise<[IncomingMessage]>;
    // More than is read ahead and than sockets hold, so that it is done only when somebody reads on.
    const body = Buffer.alloc(MOST_AHEAD_BYTES + 30_000_000);
    const socket = connect(gateway.port, '127.0.0.1').pause();
    socket.write(`POST /upstream/alpha/x HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n`);
    const sent = promisify(socket.write.bind(socket) as (bytes: Buffer, done: (error?: Error | null) => void) => void)(
      body,
    );
    const [req] = await arrived;
    await expect.poll(() => req.socket.bytesRead, SOON).toBeGreaterThan(MOST_AHEAD_BYTES);
    refused.set();
    await sent;
    const [answer] = (await once(socket.resume(), 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1.1 503 /);
    socket.destroy();
  });

  it('redirects to the trailing slash, with which links in pages work', async () => {
    const gateway = await gatewayTo(await startUpstream(echo));
    for (const [method, status] of [
      ['GET', 301],
      ['POST', 308],
    ] as const) {
      const { message } = await ask(gateway.port, { method, path: '/upstream/alpha?x=1' });
      expect([message.statusCode, message.headers.location]).toEqual([status, '/upstream/alpha/?x=1']);
    }
    expect(gateway.desk.asked).toHaveLength(0);
  });

  it('answers HEAD without a body', async () => {
    const gateway = await gatewayTo(await startUpstream((_req, res) => res.setHeader('content-length', '5').end()));
    const { message, body } = await ask(gateway.port, { method: 'HEAD', path: '/upstream/alpha/' });
    expect([message.statusCode, message.headers['content-length'], body.length]).toEqual([200, '5', 0]);
  });

  it('does not know every model', async () => {
    const gateway = await gatewayWith(noDesk());
    const { message, body } = await ask(gateway.port, { path: `/upstream/${'x/'.repeat(5000)}` });
    expect([message.statusCode, errorIn(body).code]).toEqual([404, 'model_not_found']);
  });

  it('is listed', async () => {
    const gateway = await gatewayWith(noDesk(), { config: sampleConfig, board: sampleBoard });
    expect(await (await fetch(`${gateway.url}/upstream`)).json()).toEqual({
      upstream: [
        { id: 'author/llama', state: 'stopped', path: '/upstream/author/llama/' },
        { id: 'qwen', state: 'ready', path: '/upstream/qwen/' },
      ],
    });
    const page = await (await fetch(`${gateway.url}/upstream/`, { headers: { accept: 'text/html' } })).text();
    expect(page).toContain('<a href="/upstream/author/llama/">author/llama (stopped)</a>');
  });
});
