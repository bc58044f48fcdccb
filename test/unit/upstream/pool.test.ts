import type { Socket } from 'node:net';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createPool, type Pool, type Pooled } from '../../../src/upstream/pool.ts';
import type { Room } from '../../../src/upstream/room.ts';

const TIMEOUTS = { connectMs: 0, tlsHandshakeMs: 0, keepAliveMs: 0, responseHeaderMs: 0, idleConnectionMs: 0 };
const ROOM: Room = { opened() {}, isShort: () => false };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A connection whose socket is closed as soon as it is destroyed. */
function connect(pool: Pool<Pooled>, idleMs: number | null = null) {
  const socket = {
    writable: true,
    destroyed: false,
    destroy() {
      this.writable = false;
      this.destroyed = true;
      pool.gone(connection, connection.isBusy);
    },
  };
  const connection = { socket: socket as unknown as Socket, isBusy: false, idleSince: 0, idleMs };
  pool.add(connection);
  return connection;
}

const isOpen = ({ socket }: Pooled): boolean => !socket.destroyed;

it.each([
  ['when the server says nothing', null, 0, 4_000],
  ['a second before the announced end', 3_000, 0, 2_000],
  ['not later when the server would wait for long', 75_000, 0, 4_000],
  ['as configured', null, 1_500, 1_500],
])('a free connection is given up in time: %s', (_, announcedMs, idleConnectionMs, expected) => {
  const pool = createPool({ ...TIMEOUTS, idleConnectionMs }, ROOM);
  const connection = connect(pool, announcedMs);
  pool.freed(connection);
  vi.advanceTimersByTime(expected - 1);
  expect(pool.take()).toBe(connection);
  pool.freed(connection);
  vi.advanceTimersByTime(expected);
  expect(pool.take()).toBe(null);
  expect(isOpen(connection)).toBe(false);
});

it('a free connection that nobody takes is closed all the same', () => {
  const pool = createPool(TIMEOUTS, ROOM);
  const connection = connect(pool);
  pool.freed(connection);
  vi.advanceTimersByTime(5_000);
  expect(isOpen(connection)).toBe(false);
  expect(vi.getTimerCount()).toBe(0);
});

it('a connection in use has no limit', () => {
  const pool = createPool(TIMEOUTS, ROOM);
  const [busy, free] = [connect(pool), connect(pool)];
  pool.freed(free);
  vi.advanceTimersByTime(60_000);
  expect([isOpen(busy), isOpen(free)]).toEqual([true, false]);
});

it('the one that was used last is used first, and none that is broken', () => {
  const pool = createPool(TIMEOUTS, ROOM);
  const [first, second, third] = [connect(pool), connect(pool), connect(pool)];
  for (const connection of [first, second, third]) pool.freed(connection);
  third.socket.destroy();
  expect([pool.take(), pool.take(), pool.take()]).toEqual([second, first, null]);
});

it('none is kept while another waits for its first word, after the end of all, or when the server gives it no time', () => {
  const room = { ...ROOM, isShort: () => true };
  const crowded = createPool(TIMEOUTS, room);
  const ended = createPool(TIMEOUTS, ROOM);
  const usual = createPool(TIMEOUTS, ROOM);
  const one = connect(crowded);
  const other = connect(ended);
  const hurried = connect(usual, 1_000);
  ended.close();
  crowded.freed(one);
  ended.freed(other);
  usual.freed(hurried);
  expect([isOpen(one), isOpen(other), isOpen(hurried)]).toEqual([false, false, false]);
});

it('says for a second that somebody was cut off', () => {
  const pool = createPool(TIMEOUTS, ROOM);
  const busy = { ...connect(pool), isBusy: true };
  pool.add(busy);
  pool.gone(busy, true);
  vi.advanceTimersByTime(999);
  expect(pool.close()).toBe(true);
  vi.advanceTimersByTime(1);
  expect(pool.close()).toBe(false);
});

it('what is opened after the end is ended at once', () => {
  const pool = createPool(TIMEOUTS, ROOM);
  pool.close();
  expect(isOpen(connect(pool))).toBe(false);
});
