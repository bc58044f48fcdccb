import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { ask, begin, CHAT, SOON } from './ask.ts';
import { gatewayKit, httpConfig, modelConfig } from './fake-gateway.ts';
import type { FakeGateway } from './fake-gateway.ts';
import { bodyOf, startUpstream, type FakeUpstream } from './fake-upstream.ts';

const { gatewayTo, closeAll } = gatewayKit();
afterEach(closeAll);

const STALL_MS = 400;

function watching(upstream: FakeUpstream): Promise<FakeGateway> {
  const liveness = { everyMs: 0, timeoutMs: 1_000, stallMs: STALL_MS };
  const config = httpConfig([modelConfig('alpha', { liveness }), modelConfig('beta')]);
  return gatewayTo(upstream, { config });
}

async function answer(port: number, question: { path: string; body: string }): Promise<IncomingMessage> {
  const req = begin(port, { method: 'POST', ...question }).on('error', () => {});
  req.end(question.body);
  const [message] = (await once(req, 'response')) as [IncomingMessage];
  return message;
}

it.each([
  ['over a connection of our own', '/v1/completions', true],
  ['by http-proxy-middleware', '/v1/completions', false],
  ['to a streamed request', '/upstream/alpha/v1/completions', true],
])(
  'R9: an answer that says nothing any more is cut, on both sides, and its model doubted: %s',
  async (_, path, ownConnections) => {
    let upstreamLeft = (): void => {};
    const left = new Promise<void>((resolve) => (upstreamLeft = resolve));
    const upstream = await startUpstream(
      (_req, res) => {
        res.once('close', upstreamLeft);
        res.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: half\n\n');
      },
      { ownConnections },
    );
    const gateway = await watching(upstream);
    const message = await answer(gateway.port, { path, body: CHAT.body });
    await expect(bodyOf(message)).rejects.toMatchObject({ code: 'ECONNRESET' });
    await left;
    await gateway.desk.allBack();
    expect(gateway.doubted).toEqual(['alpha']);
    const activity = async (): Promise<unknown> =>
      JSON.parse((await ask(gateway.port, { path: '/api/metrics/activity' })).body.toString());
    await expect.poll(activity, SOON).toMatchObject({
      data: [
        { model: 'alpha', resp_status_code: 502, error_msg: 'In the middle of the answer nothing came for 0.4 s.' },
      ],
    });
  },
);

it('R9: the time before the headers does not count: timeouts.responseHeader is there for that', async () => {
  const upstream = await startUpstream((_req, res) => void setTimeout(() => res.end('late'), STALL_MS * 3));
  const gateway = await watching(upstream);
  expect((await ask(gateway.port, CHAT)).body.toString()).toBe('late');
  expect(gateway.doubted).toEqual([]);
});

it('R9: an answer of a model that may take its time, or that goes on slowly, is left alone', async () => {
  const upstream = await startUpstream((req, res) => {
    void bodyOf(req).then(async (body) => {
      const isSlow = body.toString().includes('alpha');
      res.writeHead(200);
      for (let chunk = 0; chunk < 12; chunk += 1) {
        if (isSlow || chunk === 0) res.write('.');
        await pause(STALL_MS / 4);
      }
      res.end();
    });
  });
  const gateway = await watching(upstream);
  const both = [CHAT, { ...CHAT, body: '{"model":"beta"}' }].map(async (question) => {
    return (await ask(gateway.port, question)).body.toString();
  });
  expect(await Promise.all(both)).toEqual(['............', '.']);
  expect(gateway.doubted).toEqual([]);
});

it.each([
  ['over a connection of our own', true],
  ['by http-proxy-middleware', false],
])(
  'R9: a client that does not read holds its own answer up, and nothing else is concluded from it: %s',
  async (_, ownConnections) => {
    const length = 40_000_000;
    const upstream = await startUpstream(
      (_req, res) => {
        res.writeHead(200, { 'content-length': String(length) });
        res.end(Buffer.alloc(length));
      },
      { ownConnections },
    );
    const gateway = await watching(upstream);
    const message = await answer(gateway.port, { path: '/v1/completions', body: CHAT.body });
    await pause(STALL_MS * 3);
    expect(gateway.doubted).toEqual([]);
    expect(await bodyOf(message)).toHaveLength(length);
  },
);
