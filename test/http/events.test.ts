import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import type { Phase } from '../../machines/shared/phase.ts';
import { createActivePins } from '../../src/dispatch/pins.ts';
import { ask, begin, CHAT, SOON } from './ask.ts';
import { gatewayKit, httpConfig, modelConfig, textLog } from './fake-gateway.ts';
import type { FakeGateway, Overrides } from './fake-gateway.ts';
import { echo, startUpstream } from './fake-upstream.ts';
import { noDesk } from './samples.ts';
import { type EventReader, framesOf, readEvents } from './sse.ts';

const { gatewayTo, gatewayWith, closeAll } = gatewayKit();
afterEach(closeAll);

const CAPABILITIES = { in: ['text', 'image'], out: ['text'], tools: true, reranker: false, context: 8192 } as const;
const base = httpConfig([
  modelConfig('beta', { name: ' B ', unlisted: true }),
  modelConfig('alpha', { aliases: ['a'], capabilities: CAPABILITIES }),
]);
const config = {
  ...base,
  activity: { ...base.activity, sessionHeaders: ['X-Session-ID'] },
  pins: new Map([['night', { id: 'night', description: '', pins: new Map([['a', 'beta']]) }]]),
};

/** A gateway with something to tell, and what makes it tell. */
async function telling(overrides: Overrides = {}): Promise<{
  gateway: FakeGateway;
  to: (phase: Phase) => void;
  log: ReturnType<typeof textLog>;
  pins: ReturnType<typeof createActivePins>;
  listeners: () => number;
}> {
  let phase: Phase = 'ready';
  const listeners = new Set<(transition: never) => void>();
  const journal = {
    history: () => [],
    subscribe(listener: (transition: never) => void) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const board = {
    phaseOf: (model: string): Phase => (model === 'alpha' ? phase : 'stopped'),
    failureOf: () => null,
    actors: () => [],
  };
  const log = textLog('old line\n');
  const logs = { proxy: log, upstream: textLog(), combined: textLog(), of: () => textLog() };
  const pins = createActivePins();
  const gateway = await gatewayWith(noDesk(), { config, journal, board, logs, pins, ...overrides });
  return {
    gateway,
    log,
    pins,
    listeners: () => listeners.size,
    to(next) {
      phase = next;
      for (const listener of listeners) listener({ actor: 'model:alpha', from: null, to: next } as never);
    },
  };
}

async function read(
  gateway: FakeGateway,
  path = '/api/events',
  headers: Record<string, string> = {},
): Promise<EventReader> {
  const reader = await readEvents(gateway.port, { path, headers });
  await reader.until('\n\n');
  return reader;
}

describe('GET /api/events', () => {
  it('begins with six frames in a fixed order, each data within data', async () => {
    const { gateway } = await telling();
    const reader = await read(gateway);
    const text = await reader.until('inflight');
    expect(reader.message.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache',
      connection: 'keep-alive',
      'x-content-type-options': 'nosniff',
      'x-accel-buffering': 'no',
    });
    const frames = text.trimEnd().split('\n\n');
    for (const [number, frame] of frames.entries()) {
      const fields = frame.split('\n').map((line) => line.slice(0, line.indexOf(':')));
      // Whoever has not got all of them must not come back as one who has.
      expect(fields).toEqual(number < frames.length - 1 ? ['event', 'data'] : ['event', 'data', 'id']);
      expect(frame.startsWith('event:message\ndata:{"type":"')).toBe(true);
    }
    expect(framesOf(text)).toEqual([
      { type: 'logData', data: { source: 'proxy', data: 'old line\n' } },
      { type: 'logData', data: { source: 'upstream', data: '' } },
      {
        type: 'modelStatus',
        data: [
          {
            id: 'alpha',
            name: '',
            description: '',
            state: 'ready',
            phase: 'ready',
            unlisted: false,
            peerID: '',
            aliases: ['a'],
            capabilities: { vision: true, function_calling: true },
            context_length: 8192,
          },
          { id: 'beta', name: ' B ', description: '', state: 'stopped', phase: 'stopped', unlisted: true, peerID: '' },
        ],
      },
      { type: 'uiConfig', data: { activity: { session_id: ['X-Session-ID'] } } },
      { type: 'profileChanged', data: { active: null } },
      { type: 'inflight', data: { operation: 'snapshot' } },
    ]);
    reader.req.destroy();
  });

  it('goes on with what happens: logs, states in the words of old clients, profiles', async () => {
    const { gateway, to, log, pins } = await telling();
    const reader = await read(gateway);
    const before = framesOf(await reader.until('inflight')).length;
    log.write('new line\n');
    to('health-checking');
    pins.activate('night');
    await reader.until('night');
    await expect.poll(() => framesOf(reader.text()).length, SOON).toBe(before + 4);
    const [line, status, profile, again] = framesOf(reader.text()).slice(before);
    expect(line).toEqual({ type: 'logData', data: { source: 'proxy', data: 'new line\n' } });
    expect(status).toMatchObject({ type: 'modelStatus', data: [{ state: 'starting', phase: 'health-checking' }, {}] });
    expect(profile).toEqual({ type: 'profileChanged', data: { active: 'night' } });
    expect(again?.type).toBe('modelStatus');
    reader.req.destroy();
  });

  it('tells of each entry of the activity', async () => {
    const gateway = await gatewayTo(await startUpstream(echo), { config });
    const reader = await read(gateway);
    await ask(gateway.port, CHAT);
    await reader.until('"type":"activity"');
    expect(framesOf(reader.text())).toContainEqual({ type: 'activity', data: { id: 1 } });
    reader.req.destroy();
  });

  it('D6: sends comments while nothing happens', async () => {
    const { gateway } = await telling({ times: { heartbeatMs: 10 } });
    const reader = await read(gateway);
    await reader.until('inflight');
    expect(await reader.until(': still here\n\n: still here\n\n')).toContain('event:message');
    reader.req.destroy();
  });

  it('D6: a client that comes back gets what it missed, and not everything again', async () => {
    const { gateway, to } = await telling();
    const first = await read(gateway);
    await first.until('inflight');
    const second = await read(gateway);
    const ids = (await second.until('inflight')).match(/^id:.*/gm) ?? [];
    first.req.destroy();
    to('stopping');
    to('stopped');
    await second.until('"stopped\\",\\"phase\\":\\"stopped\\",\\"unlisted\\":false');
    second.req.destroy();
    const back = await read(gateway, '/api/events', { 'last-event-id': (ids.at(-1) ?? '').slice('id:'.length) });
    to('starting');
    await back.until('starting');
    const states = framesOf(back.text()).map(({ type, data }) => [type, (data as { state: string }[])[0]?.state]);
    expect(states).toEqual([
      ['modelStatus', 'stopping'],
      ['modelStatus', 'stopped'],
      ['modelStatus', 'starting'],
    ]);
    back.req.destroy();
    const stranger = await read(gateway, '/api/events', { 'last-event-id': 'other-1' });
    expect(framesOf(await stranger.until('inflight')).map(({ type }) => type)).toContain('uiConfig');
    stranger.req.destroy();
  });

  it('D6: who asks for deltas gets one model and not all of them', async () => {
    const { gateway, to } = await telling();
    const reader = await read(gateway, '/api/events?deltas');
    const before = framesOf(await reader.until('inflight')).length;
    to('stopping');
    await reader.until('modelChanged');
    expect(framesOf(reader.text()).slice(before)).toEqual([
      { type: 'modelChanged', data: expect.objectContaining({ id: 'alpha', state: 'stopping' }) },
    ]);
    reader.req.destroy();
  });

  it('a reader that does not read loses frames and nobody else does; then it is told how things are', async () => {
    const { gateway, log } = await telling();
    const req = begin(gateway.port, { path: '/api/events' }).end();
    const [lazy] = (await once(req, 'response')) as [NodeJS.ReadableStream];
    lazy.pause();
    const quick = await read(gateway);
    await quick.until('inflight');
    const line = 'x'.repeat(64 * 1024);
    for (let batch = 0; batch < 20; batch += 1) {
      for (let count = 0; count < 20; count += 1) log.write(line);
      log.write(`end of batch ${batch}.`);
      await quick.until(`end of batch ${batch}.`);
    }
    let text = '';
    lazy.on('data', (chunk: Buffer) => {
      text = (text + chunk.toString()).slice(-200_000);
    });
    lazy.resume();
    await expect.poll(() => /: \d+ frames dropped\n\n/.test(text), SOON).toBe(true);
    const after = (): string => text.slice(text.indexOf('frames dropped'));
    await expect.poll(() => after().includes('"type":"modelStatus"'), SOON).toBe(true);
    expect(gateway.log.filter((message) => message.includes('too slow'))).toHaveLength(1);
    req.destroy();
    quick.req.destroy();
  });

  it('a reader that does not read when the gateway closes gets no more comments either', async () => {
    const closing = new AbortController();
    const { gateway, log } = await telling({ closing: closing.signal, times: { heartbeatMs: 10 } });
    const req = begin(gateway.port, { path: '/api/events' }).end();
    const arrived = once(gateway.server, 'request') as Promise<[unknown, ServerResponse]>;
    const [lazy] = (await once(req, 'response')) as [IncomingMessage];
    const [, res] = await arrived;
    lazy.pause();
    // More than the kernel takes.
    const isStuck = (): boolean => {
      for (let lines = 0; lines < 20; lines += 1) log.write('x'.repeat(64 * 1024));
      return res.writableLength > 1024 * 1024;
    };
    await expect.poll(() => isStuck(), SOON).toBe(true);
    const errors: unknown[] = [];
    res.on('error', (error) => errors.push(error));
    closing.abort();
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
    expect([res.closed, errors]).toEqual([false, []]);
    req.destroy();
  });

  it('ends when the gateway closes; HEAD has headers only', async () => {
    const closing = new AbortController();
    const { gateway } = await telling({ closing: closing.signal });
    const head = await ask(gateway.port, { method: 'HEAD', path: '/api/events' });
    expect([head.message.statusCode, head.body.length]).toEqual([200, 0]);
    const reader = await read(gateway);
    await reader.until('inflight');
    closing.abort();
    await reader.end;
  });
});
