import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createStalls, type Stalls } from '../../../src/http/watch/stalls.ts';
import { createTrip, type Trip } from '../../../src/http/watch/trip.ts';

let found: Trip[];
let stalls: Stalls;

beforeEach(() => {
  vi.useFakeTimers();
  found = [];
  stalls = createStalls((trip) => void found.push(trip));
});

afterEach(() => void vi.useRealTimers());

interface Client {
  writableEnded: boolean;
  writableNeedDrain: boolean;
}

function answering(model: string): { trip: Trip; client: Client } {
  const client = { locals: { model }, writableEnded: false, writableNeedDrain: false };
  const start = { id: '1', req: {}, res: client, path: '/v1/completions', isRecorded: true, name: model };
  return { trip: createTrip(start as unknown as Trip), client };
}

it('no timer runs while no answer of a model with a limit is in flight', () => {
  stalls.follow(answering('a').trip);
  stalls.setLimits(new Map([['a', 1_000]]));
  stalls.follow(answering('b').trip);
  expect(vi.getTimerCount()).toBe(0);
  const { trip } = answering('a');
  stalls.follow(trip);
  expect(vi.getTimerCount()).toBe(1);
  trip.isOver = true;
  vi.runOnlyPendingTimers();
  expect(vi.getTimerCount()).toBe(0);
  expect(found).toEqual([]);
});

it('finds an answer that is silent for all of its limit, once, and not before', () => {
  stalls.setLimits(
    new Map([
      ['slow', 8_000],
      ['a', 1_000],
    ]),
  );
  // Its look is under way when the other one begins.
  stalls.follow(answering('slow').trip);
  vi.advanceTimersByTime(249);
  const { trip } = answering('a');
  stalls.follow(trip);
  vi.advanceTimersByTime(999);
  expect(found).toEqual([]);
  vi.advanceTimersByTime(251);
  expect(found).toEqual([trip]);
  vi.advanceTimersByTime(5_000);
  expect(found).toEqual([trip]);
});

it('counts anew with every byte', () => {
  stalls.setLimits(new Map([['a', 1_000]]));
  const { trip } = answering('a');
  stalls.follow(trip);
  for (let chunk = 0; chunk < 10; chunk += 1) {
    vi.advanceTimersByTime(900);
    trip.bytes += 1;
  }
  expect(found).toEqual([]);
  vi.advanceTimersByTime(1_500);
  expect(found).toEqual([trip]);
});

it('a client that does not read, or has not yet read to the end, is no silence of the model', () => {
  stalls.setLimits(new Map([['a', 1_000]]));
  const [full, ended] = [answering('a'), answering('a')];
  stalls.follow(full.trip);
  stalls.follow(ended.trip);
  full.client.writableNeedDrain = true;
  ended.client.writableEnded = true;
  vi.advanceTimersByTime(60_000);
  expect(found).toEqual([]);
  full.client.writableNeedDrain = false;
  vi.advanceTimersByTime(2_000);
  expect(found).toEqual([full.trip]);
});

it('other limits hold for the answers that begin then', () => {
  stalls.setLimits(new Map([['a', 1_000]]));
  const before = answering('a').trip;
  stalls.follow(before);
  stalls.setLimits(new Map());
  stalls.follow(answering('a').trip);
  vi.advanceTimersByTime(60_000);
  expect(found).toEqual([before]);
});
