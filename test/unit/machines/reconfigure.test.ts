import { afterEach, expect, test } from 'vitest';
import { createOrchestra, type Orchestra, type OrchestraOptions, settled } from '../../kit/orchestra.ts';

let orchestra: Orchestra;

function play(options?: OrchestraOptions): Orchestra {
  orchestra = createOrchestra(options);
  return orchestra;
}

afterEach(() => orchestra.stop());

const ids = (tickets: readonly { id: number }[]) => tickets.map(({ id }) => id);

test('R10: what has not changed is not touched by a new configuration', async () => {
  const o = play();
  o.submit('model:a');
  await settled();
  o.changes.length = 0;
  o.reload([]);
  await o.advance(5_000);
  const late = o.submit('model:a');
  expect(ids(o.granted)).toContain(late);
  expect(o.changes).toEqual([]);
  expect(o.processes.get('a')!.starts).toBe(1);
});

test('a model that has changed finishes its requests, lets go, and is started anew for the next one', async () => {
  const o = play();
  o.submit('model:a');
  await settled();
  o.reload(['a']);
  await o.advance(5_000);
  expect(o.phase('a')).toBe('ready');
  const late = o.submit('model:a');
  expect(ids(o.granted), 'nobody gets the old process any more').not.toContain(late);
  o.release('a');
  await settled();
  await settled();
  expect(ids(o.granted)).toContain(late);
  expect(o.processes.get('a')!.starts).toBe(2);
});

test('a model that has changed and serves nobody is stopped, and not started before somebody asks', async () => {
  const o = play();
  o.submit('model:a');
  await settled();
  o.release('a');
  o.reload(['a']);
  await settled();
  await settled();
  expect(o.phase('a')).toBe('stopped');
  expect(o.processes.get('a')!.starts).toBe(1);
});

test('a change while the model is being loaded: those who wait are served, then it makes way', async () => {
  const o = play({ models: { a: { autoHealthy: false } } });
  const first = o.submit('model:a');
  await settled();
  o.reload(['a']);
  await o.healthy('a');
  expect(ids(o.granted)).toEqual([first]);
  o.release('a');
  await settled();
  await settled();
  expect(o.phase('a')).toBe('stopped');
});

test('a model that is gone from the configuration finishes its requests; those who wait for one are told', async () => {
  const o = play();
  o.submit('model:a');
  await settled();
  const waiting = o.submit('model:b');
  o.reload([], { models: { c: {} } });
  expect(o.refused).toMatchObject([{ ticket: { id: waiting }, refusal: { code: 'model_unloaded' } }]);
  expect(o.phase('a')).toBe('ready');
  o.release('a');
  await settled();
  await settled();
  expect(o.phase('a')).toBe('stopped');
  expect(Object.keys(o.actor.getSnapshot().children).sort()).toEqual(['model:c']);
});

test('a model that is new can be asked for', async () => {
  const o = play();
  o.reload([], { models: { a: {}, b: {} } });
  o.reload([], { models: { a: {}, b: {}, c: {} } });
  const ticket = o.submit('model:c');
  await settled();
  expect(ids(o.granted)).toEqual([ticket]);
});

test('a profile that changes while it is there lets its members go on, and is another one from then on', async () => {
  const o = play({ models: { a: {}, b: {}, c: {} }, profiles: { both: ['a', 'b'] } });
  o.submit('profile:both', 'a');
  await settled();
  o.reload([], { profiles: { both: ['a', 'c'] } });
  expect([o.phase('a'), o.phase('b')]).toEqual(['ready', 'ready']);
  o.release('a');
  o.submit('profile:both', 'c');
  await settled();
  await settled();
  await settled();
  expect([o.phase('a'), o.phase('b'), o.phase('c')]).toEqual(['ready', 'stopped', 'ready']);
  expect(o.processes.get('a')!.starts).toBe(1);
});
