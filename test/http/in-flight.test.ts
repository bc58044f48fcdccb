import { afterEach, describe, expect, it } from 'vitest';
import { parseActivityQuery } from '../../src/activity/parse-query.ts';
import type { ActivityQuery } from '../../src/activity/parse-query.ts';
import { GatewayError } from '../../src/errors.ts';
import { ask, begin, CHAT, errorIn, signal, SOON } from './ask.ts';
import { fakeDesk, gatewayKit } from './fake-gateway.ts';
import type { FakeGateway } from './fake-gateway.ts';
import { bodyOf, startUpstream } from './fake-upstream.ts';
import { framesOf, readEvents } from './sse.ts';

const { gatewayTo, gatewayWith, closeAll } = gatewayKit();
afterEach(closeAll);

function waitingDesk() {
  return fakeDesk(
    (_destination, waiting) =>
      new Promise((_resolve, reject) => {
        waiting.addEventListener('abort', () => reject(new GatewayError('client_closed_request', 'gone')));
      }),
  );
}

async function idOfOnly(gateway: FakeGateway): Promise<number> {
  const trips = (): { id: number }[] => [...gateway.observation.inFlight.trips()];
  await expect.poll(() => trips().length, SOON).toBe(1);
  return trips()[0]?.id ?? 0;
}

async function cancel(gateway: FakeGateway, id: number | string): Promise<[number | undefined, string]> {
  const { message, body } = await ask(gateway.port, { method: 'POST', path: `/api/inflight/${id}/cancel` });
  return [message.statusCode, body.toString()];
}

describe('POST /api/inflight/{id}/cancel', () => {
  it('R6: a request that waits gets an error, not an empty 200', async () => {
    const gateway = await gatewayWith(waitingDesk());
    const answer = ask(gateway.port, CHAT);
    expect(await cancel(gateway, await idOfOnly(gateway))).toEqual([200, '{"msg":"ok"}\n']);
    const { message, body } = await answer;
    expect([message.statusCode, errorIn(body).code]).toEqual([499, 'request_cancelled']);
    expect(gateway.observation.waiting.lines()).toEqual([]);
  });

  it('R5: before the upstream has answered it gets one too, and the upstream is rid of the request', async () => {
    const left = signal();
    const asked = signal();
    const upstream = await startUpstream((req) => {
      req.resume();
      asked.set();
      req.socket.once('close', left.set);
    });
    const gateway = await gatewayTo(upstream);
    const answer = ask(gateway.port, CHAT);
    await asked.done;
    await cancel(gateway, await idOfOnly(gateway));
    const { message, body } = await answer;
    expect([message.statusCode, errorIn(body).code]).toEqual([499, 'request_cancelled']);
    await left.done;
    await gateway.desk.allBack();
  });

  it('R4: in the middle of an answer the connection is broken', async () => {
    const upstream = await startUpstream((_req, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.write('data: {}\n\n');
    });
    const gateway = await gatewayTo(upstream);
    const reader = await readEvents(gateway.port, CHAT);
    await reader.until('data: {}');
    await cancel(gateway, await idOfOnly(gateway));
    await expect(reader.end).rejects.toThrow('aborted');
    await gateway.desk.allBack();
    const { data } = await gateway.observation.activity.query(anything());
    expect(data[0]).toMatchObject({ resp_status_code: 499, error_msg: expect.stringContaining('cancelled') });
  });

  it('says 404 for what is not there, any more or at all', async () => {
    const gateway = await gatewayWith(waitingDesk());
    for (const id of ['0', '1', 'x', '%2e%2e']) expect((await cancel(gateway, id))[0]).toBe(404);
  });
});

describe('the list', () => {
  it('shows who waits and who is served, without secrets', async () => {
    const gateway = await gatewayWith(waitingDesk());
    const req = begin(gateway.port, {
      ...CHAT,
      headers: { authorization: 'Bearer sk-1', 'x-session-id': 's', 'x-forwarded-for': '10.1.2.3, 10.0.0.1' },
    });
    req.on('error', () => {});
    req.end(CHAT.body);
    await idOfOnly(gateway);
    const snapshot = gateway.observation.inFlight.snapshot();
    expect(snapshot).toEqual({
      operation: 'snapshot',
      requests: [
        {
          id: '1',
          timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
          model: 'alpha',
          req_path: '/v1/chat/completions',
          method: 'POST',
          req_headers: expect.objectContaining({ Authorization: '[REDACTED]', 'X-Session-Id': 's' }),
          remote_ip: '10.1.2.3',
          resp_headers: {},
          resp_bytes: 0,
          elapsed_ms: expect.any(Number),
          phase: 'waiting',
          queue_position: 1,
        },
      ],
    });
    req.destroy();
    await expect.poll(() => gateway.observation.inFlight.snapshot(), SOON).toEqual({ operation: 'snapshot' });
  });

  it('S8: /api/queue shows the lines, oldest first', async () => {
    const gateway = await gatewayWith(waitingDesk());
    const reqs = ['alpha', 'beta', 'alpha'].map((model) => {
      const req = begin(gateway.port, CHAT);
      req.on('error', () => {});
      return { req, body: JSON.stringify({ model }) };
    });
    for (const [index, { req, body }] of reqs.entries()) {
      req.end(body);
      await expect.poll(() => [...gateway.observation.inFlight.trips()].length, SOON).toBe(index + 1);
    }
    const line = { phase: 'stopped', oldest_ms: expect.any(Number), estimated_load_ms: null };
    await expect
      .poll(async () => (await ask(gateway.port, { path: '/api/queue' })).body.toString().includes('"waiting":2'), SOON)
      .toBe(true);
    const { body } = await ask(gateway.port, { path: '/api/queue' });
    expect(JSON.parse(body.toString())).toEqual({
      queue: [
        { model: 'alpha', waiting: 2, ...line },
        { model: 'beta', waiting: 1, ...line },
      ],
    });
    for (const { req } of reqs) req.destroy();
  });

  it.each([
    ['POST', '/upstream/alpha/v1/chat/completions', true],
    ['GET', '/upstream/alpha/props', true],
    ['GET', '/props?model=alpha', true],
    ['GET', '/upstream/alpha/health', false],
    ['POST', '/upstream/alpha/other', false],
  ])('%s %s is in it: %s', async (method, path, isIn) => {
    const asked = signal();
    const answer = signal();
    const upstream = await startUpstream((req, res) => {
      asked.set();
      void bodyOf(req).then(() => answer.done.then(() => res.end('{}')));
    });
    const gateway = await gatewayTo(upstream);
    const done = ask(gateway.port, { method, path, ...(method === 'POST' && { body: CHAT.body }) });
    await asked.done;
    expect([...gateway.observation.inFlight.trips()].length).toBe(isIn ? 1 : 0);
    answer.set();
    await done;
  });

  it('tells who listens: the start, the headers, the bytes, the end, in this order', async () => {
    const more = signal();
    const last = signal();
    const upstream = await startUpstream((_req, res) => {
      res.writeHead(200, { 'content-type': 'text/plain' });
      res.flushHeaders();
      void more.done.then(() => res.write('12345'));
      void last.done.then(() => res.end());
    });
    const gateway = await gatewayTo(upstream);
    const events = await readEvents(gateway.port, { path: '/api/events' });
    await events.until('"type":"inflight"');
    const done = ask(gateway.port, CHAT);
    await events.until('text/plain');
    more.set();
    await events.until('\\"resp_bytes\\":5');
    last.set();
    await done;
    await events.until('\\"remove\\"');
    const updates = framesOf(events.text())
      .filter(({ type }) => type === 'inflight')
      .map(({ data }) => data as { operation: string; request?: { resp_bytes: number; resp_headers: object } });
    const shape = updates.map(({ operation, request }) =>
      request === undefined ? operation : [operation, Object.keys(request.resp_headers).length > 0, request.resp_bytes],
    );
    expect(shape[0]).toBe('snapshot');
    expect(shape[1]).toEqual(['upsert', false, 0]);
    expect(shape).toContainEqual(['upsert', true, 0]);
    expect(shape.at(-2)).toEqual(['upsert', true, 5]);
    expect(shape.at(-1)).toBe('remove');
    events.req.destroy();
  });
});

function anything(): ActivityQuery {
  const { query } = parseActivityQuery(new URLSearchParams());
  if (query === null) throw new Error('an empty query is a query');
  return query;
}
