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
