import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { expect, it } from 'vitest';
import { breakOff } from '../../../src/http/break-off.ts';

/** A response that only writes down how its connection ends. */
function response(version: number, state: { socket?: null; writableFinished?: boolean; writableEnded?: boolean } = {}) {
  const told: string[] = [];
  const socket = { resetAndDestroy: () => told.push('reset'), destroy: () => told.push('socket destroyed') };
  const res = Object.assign(new EventEmitter(), {
    req: { httpVersionMinor: version },
    socket,
    writableFinished: false,
    destroy: () => told.push('destroyed'),
    ...state,
  });
  breakOff(res as unknown as ServerResponse);
  return { told, res, socket };
}

it('resets the connection of HTTP/1.0 as long as not all of the answer is out, ended or not', () => {
  expect(response(1).told).toEqual(['destroyed']);
  expect(response(0).told).toEqual(['reset', 'destroyed']);
  expect(response(0, { writableEnded: true }).told).toEqual(['reset', 'destroyed']);
  expect(response(0, { writableEnded: true, writableFinished: true }).told).toEqual(['destroyed']);
});

it('ends the connection of an answer whose turn has not come when it comes', () => {
  const { told, res, socket } = response(1, { socket: null });
  expect(told).toEqual(['destroyed']);
  res.emit('socket', socket);
  expect(told).toEqual(['destroyed', 'socket destroyed']);
});
