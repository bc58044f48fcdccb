import { afterEach, expect, test } from 'vitest';
import { createControl } from '../../../src/dispatch/control.ts';
import { createOrchestra, type Orchestra, settled } from '../../kit/orchestra.ts';

let orchestra: Orchestra;

afterEach(() => orchestra.stop());

/** Three models that are there, and the means to unload them. */
async function controlled() {
  const policy = {
    kind: 'group' as const,
    groups: [{ name: 'all', swap: false, exclusive: false, persistent: false }],
    groupOf: new Map([
      ['a', 0],
      ['b', 0],
      ['c', 0],
    ]),
  };
  const o = createOrchestra({ policy, models: { a: {}, b: { obedient: false }, c: {} } });
  orchestra = o;
  for (const model of ['a', 'b', 'c']) o.submit(`model:${model}`);
  await settled();
  const desk = { take: () => null, acquire: () => Promise.reject(new Error('not asked for')) };
  return { o, control: createControl(o.actor, () => o.actor.getSnapshot().context.topology, desk) };
}

test('an unload ends when all of the processes are gone', async () => {
  const { o, control } = await controlled();
  let isOver = false;
  const unloading = control.unload('all').then(() => (isOver = true));
  await settled();
  expect([isOver, o.phase('a'), o.phase('b')]).toEqual([false, 'stopped', 'stopping']);
  o.processes.get('b')!.exit();
  await unloading;
  expect(o.phase('b')).toBe('stopped');
});

test('an unload does not wait for a process that outlives SIGKILL, but says so when the others are gone', async () => {
  const { o, control } = await controlled();
  o.processes.get('a')!.unkillable = true;
  const ended = control.unload(['a', 'b']).catch((error: unknown) => error);
  await o.advance(20_000, 1_000);
  expect(await ended).toMatchObject({ code: 'model_stop_failed', failure: { code: 'stop_timeout' } });
  expect(o.phase('b')).toBe('stopped');
  await expect(control.unload(['a']), 'nor does the next one').rejects.toMatchObject({ code: 'model_stop_failed' });
});
