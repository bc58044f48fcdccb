import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { Transition } from '../../src/observability/journal.ts';
import { ask, begin, errorIn, SOON } from './ask.ts';
import { gatewayKit, textLog } from './fake-gateway.ts';
import { noDesk, sampleConfig, sampleBoard } from './samples.ts';

const { gatewayWith, closeAll } = gatewayKit();
afterEach(closeAll);

describe('logs', () => {
  const logs = () => {
    const models: Record<string, ReturnType<typeof textLog>> = { qwen: textLog('qwen says\n') };
    return {
      proxy: textLog('proxy line\n'),
      upstream: textLog('upstream line\n'),
      combined: textLog('both\n'),
      of: (model: string) => models[model],
    };
  };

  it('are text for curl and a page for a browser; /log leads there', async () => {
    const gateway = await gatewayWith(noDesk(), { logs: logs() });
    const text = await fetch(`${gateway.url}/log`);
    expect(text.url).toBe(`${gateway.url}/logs`);
    expect(text.headers.get('content-type')).toContain('text/plain');
    expect(await text.text()).toBe('both\n');
    const page = await fetch(`${gateway.url}/logs`, { headers: { accept: 'text/html,*/*' } });
    expect(page.headers.get('content-type')).toContain('text/html');
    expect(await page.text()).toContain('/logs/stream');
  });

  it.each([
    ['/logs/stream', 'both\n'],
    ['/logs/stream/proxy', 'proxy line\n'],
    ['/logs/stream/upstream', 'upstream line\n'],
    ['/logs/stream/gpt-4', 'qwen says\n'],
  ])('stream: %s begins with its history', async (path, history) => {
    const gateway = await gatewayWith(noDesk(), { config: sampleConfig, logs: logs() });
    const req = begin(gateway.port, { path }).end();
    const [message] = (await once(req, 'response')) as [IncomingMessage];
    const [chunk] = (await once(message, 'data')) as [Buffer];
    expect(chunk.toString()).toBe(history);
    expect(message.headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'x-accel-buffering': 'no' });
    req.destroy();
  });

  it('stream: headers come at once, `no-history` skips to what is new, and leaving ends the subscription', async () => {
    const all = logs();
    const gateway = await gatewayWith(noDesk(), { logs: all });
    const req = begin(gateway.port, { path: '/logs/stream?no-history' }).end();
    // Nothing has been written yet: only flushed headers can get here.
    const [message] = (await once(req, 'response')) as [IncomingMessage];
    message.on('error', () => {});
    all.combined.write('new\n');
    const [chunk] = (await once(message, 'data')) as [Buffer];
    expect(chunk.toString()).toBe('new\n');
    req.destroy();
    await expect.poll(() => all.combined.listeners(), SOON).toBe(0);
  });

  it('stream: a reader that is too slow loses text and is told, instead of filling the memory', async () => {
    const all = logs();
    const gateway = await gatewayWith(noDesk(), { logs: all });
    const socket = connect(gateway.port, '127.0.0.1');
    socket.pause();
    socket.write('GET /logs/stream?no-history HTTP/1.1\r\nhost: x\r\n\r\n');
    await expect.poll(() => all.combined.listeners(), SOON).toBe(1);
    const line = `${'x'.repeat(64 * 1024 - 1)}\n`;
    const written = 400;
    for (let turn = 0; turn < written; turn += 1) all.combined.write(line);
    let bytes = 0;
    let tail = '';
    socket.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      tail = (tail + chunk.toString()).slice(-20_000);
    });
    socket.resume();
    await expect.poll(() => /— \d+ bytes dropped —/.test(tail), SOON).toBe(true);
    expect(bytes).toBeLessThan(written * line.length);
    socket.destroy();
  });

  it('stream: of an unknown model is 404, and the gateway can end them all', async () => {
    const closing = new AbortController();
    const gateway = await gatewayWith(noDesk(), { config: sampleConfig, logs: logs(), closing: closing.signal });
    const { message, body } = await ask(gateway.port, { path: '/logs/stream/nobody' });
    expect([message.statusCode, errorIn(body).code]).toEqual([404, 'model_not_found']);
    const stream = await fetch(`${gateway.url}/logs/stream`);
    closing.abort();
    expect(await stream.text()).toBe('both\n');
  });
});

describe('actors', () => {
  const transition: Transition = { at: 1, actor: 'model:qwen', event: 'model.stop', from: 'ready', to: 'stopping' };

  it('are listed with their machines', async () => {
    const gateway = await gatewayWith(noDesk(), { board: sampleBoard, machines: () => ({ model: { id: 'model' } }) });
    expect(await (await fetch(`${gateway.url}/api/actors`)).json()).toEqual({
      actors: [{ id: 'model:qwen' }],
      machines: { model: { id: 'model' } },
    });
  });

  it('stream their transitions as events, with a heartbeat', async () => {
    const listeners = new Set<(t: Transition) => void>();
    const journal = {
      history: () => [transition],
      subscribe(listener: (t: Transition) => void) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    };
    const gateway = await gatewayWith(noDesk(), { journal, times: { heartbeatMs: 20 } });
    const before = listeners.size;
    const req = begin(gateway.port, { path: '/api/actors/stream' }).end();
    const [message] = (await once(req, 'response')) as [IncomingMessage];
    expect(message.headers['content-type']).toContain('text/event-stream');
    let text = '';
    message.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    message.on('error', () => {});
    await expect.poll(() => text, SOON).toContain(`event: transition\ndata: ${JSON.stringify(transition)}\n\n`);
    for (const listener of listeners) listener({ ...transition, to: 'stopped' });
    await expect.poll(() => text, SOON).toContain('"to":"stopped"}\n\n');
    await expect.poll(() => text, SOON).toContain(': still here\n\n');
    req.destroy();
    await expect.poll(() => listeners.size, SOON).toBe(before);
  });
});
