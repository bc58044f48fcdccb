import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { awaitFreePort, loopbackAddresses, portState } from '../../../src/process/port.ts';
import { freePort } from '../../kit/free-port.ts';
import { OVERRUN, startOverrunServer } from '../../kit/overrun-server.ts';

describe('whether a port is free', () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  async function listen(host: string): Promise<number> {
    const server = createServer().listen(0, host);
    servers.push(server);
    await once(server, 'listening');
    return (server.address() as { port: number }).port;
  }

  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['0.0.0.0', '127.0.0.1'],
    ['::', '127.0.0.1'],
    ['::1', 'localhost'],
    ['127.0.0.1', 'localhost'],
    ['0.0.0.0', 'LOCALHOST'],
    ['::1', '0.0.0.0'],
    ['::1', '[::1]'],
  ])('a listener on %s takes it from %s', async (listener, asked) => {
    expect(await portState(asked, await listen(listener))).toBe('taken');
  });

  it('is free when nobody listens', async () => {
    const port = await freePort();
    expect(
      await Promise.all(['localhost', '127.0.0.1', '::1', '0.0.0.0'].map((host) => portState(host, port))),
    ).toEqual(['free', 'free', 'free', 'free']);
  });

  it('a listener on ::1 does not take it from 127.0.0.1', async () => {
    expect(await portState('127.0.0.1', await listen('::1'))).toBe('free');
  });

  it('is unknown elsewhere', async () => {
    expect(await portState('model-server.invalid', 80)).toBe('unknown');
    expect(loopbackAddresses('192.0.2.1')).toBeNull();
  });

  it('a listener that is too busy to accept takes it', async () => {
    const server = await startOverrunServer();
    const waiting = Array.from({ length: OVERRUN }, () => connect(server.port, '127.0.0.1').on('error', () => {}));
    expect(await portState('127.0.0.1', server.port)).toBe('taken');
    for (const socket of waiting) socket.destroy();
    await server.stop();
  });

  it('waits for a holder that is just ending', async () => {
    const port = await listen('127.0.0.1');
    const state = awaitFreePort('127.0.0.1', port);
    servers.pop()?.close();
    expect(await state).toBe('free');
  });
});
