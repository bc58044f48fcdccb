import { afterEach, expect, test } from 'vitest';
import { createOrchestra, type Orchestra, type OrchestraOptions, settled } from '../../kit/orchestra.ts';

let orchestra: Orchestra;

function play(options?: OrchestraOptions): Orchestra {
  orchestra = createOrchestra(options);
  return orchestra;
}

afterEach(() => orchestra.stop());

const ids = (tickets: readonly { id: number }[]) => tickets.map(({ id }) => id);

async function rest(): Promise<void> {
  for (let turn = 0; turn < 6; turn += 1) await settled();
}

test('a request that comes for a model that is gone is refused, and evicts nobody', async () => {
  const o = play();
  o.submit('model:a');
  await rest();
  o.release('a');
  o.reload([], { models: { a: {}, b: {} } });
  const late = o.submit('model:c');
  await rest();
  expect(o.refused).toMatchObject([{ ticket: { id: late }, refusal: { code: 'model_unloaded' } }]);
  expect(o.phase('a')).toBe('ready');
});

test('a request that comes for a member that has left its profile is refused', async () => {
  const o = play({ profiles: { p: ['a', 'b'] } });
  o.reload([], { profiles: { p: ['a', 'c'] } });
  const [gone, there] = [o.submit('profile:p', 'b'), o.submit('profile:p', 'c')];
  await rest();
  expect(o.refused).toMatchObject([{ ticket: { id: gone }, refusal: { code: 'model_unloaded' } }]);
  expect(ids(o.granted)).toEqual([there]);
});

test('a request that waits for a member that leaves its profile is refused, its neighbours in line are served', async () => {
  const o = play({ models: { a: {}, b: {}, c: {}, x: {} }, profiles: { p: ['a', 'b'] } });
  o.submit('model:x');
  await rest();
  const [stays, leaves] = [o.submit('profile:p', 'a'), o.submit('profile:p', 'b')];
  o.reload([], { profiles: { p: ['a', 'c'] } });
  expect(o.refused).toMatchObject([{ ticket: { id: leaves }, refusal: { code: 'model_unloaded' } }]);
  o.release('x');
  await rest();
  expect(ids(o.granted)).toContain(stays);
});

test('a profile whose members change while it loads is loaded with those it has now, for the same requests', async () => {
  const o = play({ models: { a: {}, b: { autoHealthy: false }, c: {} }, profiles: { p: ['a', 'b'] } });
  const ticket = o.submit('profile:p', 'a');
  await rest();
  o.reload([], { profiles: { p: ['a', 'c'] } });
  await rest();
  expect([o.phase('a'), o.phase('b'), o.phase('c')]).toEqual(['ready', 'stopped', 'ready']);
  expect(ids(o.granted)).toEqual([ticket]);
  expect(o.processes.get('a')!.starts).toBe(1);
});

test('another idle time of a profile that is loading or ready changes nothing else', async () => {
  const o = play({ models: { a: { autoHealthy: false }, b: {} }, profiles: { p: ['a', 'b'] } });
  const ticket = o.submit('profile:p', 'a');
  await rest();
  o.reload([], { profileTtlMs: 60_000 });
  await o.healthy('a');
  expect(ids(o.granted)).toEqual([ticket]);
  o.release('a');
  await o.advance(10_000, 1_000);
  o.reload([], { profileTtlMs: 5_000 });
  await o.advance(4_000, 1_000);
  expect([o.phase('a'), o.phase('b')]).toEqual(['ready', 'ready']);
  await o.advance(2_000, 1_000);
  expect([o.phase('a'), o.phase('b')]).toEqual(['stopped', 'stopped']);
});

test('a swap does not wait for a leaver that stopped by itself and is gone from the configuration', async () => {
  // a and c may be together; b runs alone.
  const policy = {
    kind: 'group' as const,
    groups: [
      { name: 'pair', swap: false, exclusive: false, persistent: false },
      { name: 'alone', swap: true, exclusive: true, persistent: false },
    ],
    groupOf: new Map([
      ['a', 0],
      ['c', 0],
      ['b', 1],
    ]),
  };
  const o = play({ maxWaitMs: 1_000, policy, models: { a: {}, b: {}, c: { ttlMs: 2_000 } } });
  o.submit('model:a');
  o.submit('model:c');
  await rest();
  o.release('c');
  const ticket = o.submit('model:b');
  await o.advance(3_000);
  expect([o.phase('a'), o.phase('c')]).toEqual(['ready', 'stopped']);
  o.reload([], { models: { a: {}, b: {} } });
  o.release('a');
  await rest();
  expect(ids(o.granted)).toContain(ticket);
});

test('a restart that a model remembers is off when it is gone from the configuration', async () => {
  const o = play({ models: { a: { obedient: false }, b: {} } });
  o.submit('model:a');
  await rest();
  o.release('a');
  o.actor.send({ type: 'unload.requested', models: ['a'], at: 0 });
  o.submit('model:a');
  await rest();
  expect(o.phase('a')).toBe('stopping');
  o.reload([], { models: { b: {} } });
  o.processes.get('a')!.exit();
  await rest();
  expect(o.processes.get('a')!.starts).toBe(1);
  expect(Object.keys(o.actor.getSnapshot().children)).toEqual(['model:b']);
});

test('a restart that a model remembers is off when the profile that wants it is gone', async () => {
  const o = play({ models: { a: {}, b: { obedient: false } }, profiles: { p: ['a', 'b'] } });
  o.submit('profile:p', 'a');
  await rest();
  o.release('a');
  o.actor.send({ type: 'unload.requested', models: ['b'], at: 0 });
  o.submit('profile:p', 'a');
  await rest();
  o.reload([], { profiles: {} });
  o.processes.get('b')!.exit();
  await rest();
  expect([o.phase('a'), o.phase('b')]).toEqual(['ready', 'stopped']);
});

test('a definition that could not be started is forgotten with its cool-down when it is changed', async () => {
  const o = play({ models: { a: { autoHealthy: false }, b: {} } });
  for (let attempt = 0; attempt < 6; attempt++) {
    o.submit('model:a', 'a', { force: true });
    await rest();
    o.processes.get('a')!.exit(1);
  }
  o.reload([]);
  o.submit('model:a');
  expect(o.refused.at(-1)!.refusal.code, 'the same is no reason to try again').toBe('model_cooling_down');
  o.reload(['a']);
  const ticket = o.submit('model:a');
  await rest();
  await o.healthy('a');
  expect(ids(o.granted)).toEqual([ticket]);
  o.processes.get('a')!.exit(1);
  o.release('a');
});

test('a definition that fails when it has been changed already makes nobody wait for the next one', async () => {
  const o = play({ models: { a: { autoHealthy: false }, b: {} } });
  const first = o.submit('model:a');
  await rest();
  o.reload(['a']);
  o.processes.get('a')!.exit(1);
  await rest();
  expect(o.refused).toMatchObject([{ ticket: { id: first }, refusal: { failure: { code: 'exited_early' } } }]);
  const ticket = o.submit('model:a');
  await rest();
  await o.healthy('a');
  expect(ids(o.granted)).toEqual([ticket]);
});

test('a profile that is new, or gone, lets none of the members go that another one holds', async () => {
  const profiles = { q: ['a', 'c'] };
  const o = play({ models: { a: { ttlMs: 2_000 }, c: {}, d: {} }, profiles, profileTtlMs: 20_000 });
  o.submit('profile:q', 'a');
  await rest();
  o.release('a');
  o.reload([], { profiles: { ...profiles, r: ['a', 'd'] } });
  await o.advance(5_000);
  o.reload([], { profiles });
  await o.advance(5_000);
  expect([o.phase('a'), o.phase('c')]).toEqual(['ready', 'ready']);
  await o.advance(11_000);
  expect([o.phase('a'), o.phase('c')]).toEqual(['stopped', 'stopped']);
});
