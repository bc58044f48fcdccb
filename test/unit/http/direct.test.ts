import { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { expect, it } from 'vitest';
import type { Upstream } from '../../../src/dispatch/lease.ts';
import { forwardDirectly } from '../../../src/http/forward/direct.ts';
import type { FlightWatch } from '../../../src/http/forward/flight.ts';
import type { Connection, ExchangeSink } from '../../../src/upstream/connection.ts';
import type { Connections } from '../../../src/upstream/connections.ts';

it('a client that leaves in the middle of an answer is not taken for an upstream that broke off', async () => {
  let sink: ExchangeSink | null = null;
  // As a connection does: whoever aborts an exchange is told of its end.
  const connection = { abort: (of: ExchangeSink, error: Error) => of.failed(error) } as unknown as Connection;
  const connections: Connections = {
    exchange: (_request, given) => ((sink = given), connection),
    dropFree() {},
    close: () => false,
  };
  const told: string[] = [];
  const watch: FlightWatch = {
    takeOver: null,
    leaves: () => void told.push('leaves'),
    answered: () => void told.push('answered'),
    passed: () => void told.push('passed'),
    wasCut: () => void told.push('was cut'),
  };
  const res = Object.assign(new EventEmitter(), { writeHead() {}, write: () => true, destroy() {} });
  const outcome = forwardDirectly({
    req: { url: '/v1/completions', method: 'POST', headers: {} } as IncomingMessage,
    res: res as unknown as ServerResponse,
    upstream: { target: { pathname: '' }, responseHeaderMs: 0 } as Upstream,
    connections,
    payload: { pieces: [] },
    watch,
  });
  sink!.head({ status: 200, reason: '', headers: [], body: 'chunked', keepsAlive: true, idleMs: null });
  sink!.piece(Buffer.from('half'));
  res.emit('close');
  expect(await outcome).toBe('over');
  expect(told).toEqual(['leaves', 'answered', 'passed']);
  expect(res.listenerCount('close')).toBe(0);
});
