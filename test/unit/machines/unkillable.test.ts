import { afterEach, expect, test } from 'vitest';
import { createOrchestra, type Orchestra, type OrchestraOptions, settled } from '../../kit/orchestra.ts';

/** A process that hangs in the kernel: SIGKILL takes effect some day, or never. */

let orchestra: Orchestra;

afterEach(() => orchestra.stop());

const ids = (tickets: readonly { id: number }[]) => tickets.map(({ id }) => id);

async function rest(): Promise<void> {
  for (let turn = 0; turn < 6; turn += 1) await settled();
}

/** `a` has been used, and nothing ends its process any more. */
async function hang(options: OrchestraOptions = {}): Promise<Orchestra> {
  const o = createOrchestra({ models: { a: { stopTimeoutMs: 1_000 }, b: {} }, maxWaitMs: 5_000, ...options });
  orchestra = o;
  o.submit('model:a');
  await rest();
  o.release('a');
  o.processes.get('a')!.unkillable = true;
  return o;
}

/** Somebody has tried to stop `a`, and it is known that this is in vain. */
async function stuck(options?: OrchestraOptions): Promise<Orchestra> {
  const o = await hang(options);
  o.actor.send({ type: 'unload.requested', models: ['a'], at: 0 });
  await o.advance(7_000, 500);
  return o;
}

/** That the refusal is of this ticket, and says why. */
const refusalOf = (id: number) => ({
  ticket: { id },
  refusal: { code: 'model_start_failed', failure: { code: 'stop_timeout' } },
});

test.each(['before', 'after'])('a definition that changes %s it is stopped waits for the end of it', async (when) => {
  const o = when === 'before' ? await hang() : await stuck();
  o.reload(['a']);
  await o.advance(60_000, 1_000);
  expect(o.phase('a')).toBe('stopping');
  o.processes.get('a')!.exit();
  await rest();
  expect(o.phase('a')).toBe('stopped');
  const ticket = o.submit('model:a');
  await rest();
  expect(ids(o.granted)).toContain(ticket);
  expect(o.actor.getSnapshot().context.stale.size).toBe(0);
});

test('a model that is gone from the configuration goes when its process does', async () => {
  const o = await hang();
  o.reload([], { models: { b: {} } });
  await o.advance(60_000, 1_000);
  o.processes.get('a')!.exit();
  await rest();
  expect(Object.keys(o.actor.getSnapshot().children)).toEqual(['model:b']);
});

test('a request for it is refused, and it does not start for nobody when it ends at last', async () => {
  const o = await stuck();
  const ticket = o.submit('model:a');
  await rest();
  expect(o.refused).toMatchObject([refusalOf(ticket)]);
  o.processes.get('a')!.exit();
  await rest();
  expect(o.phase('a')).toBe('stopped');
  expect(o.processes.get('a')!.starts).toBe(1);
});

test('a request that waits for its end is refused as soon as SIGKILL is known to be in vain', async () => {
  const o = await hang();
  o.actor.send({ type: 'unload.requested', models: ['a'], at: 0 });
  const ticket = o.submit('model:a');
  await o.advance(5_000, 500);
  expect(o.refused).toEqual([]);
  await o.advance(2_000, 500);
  expect(o.refused).toMatchObject([refusalOf(ticket)]);
});

test('a client that asked for it and left blocks nobody who needs its place', async () => {
  const o = await hang();
  o.actor.send({ type: 'unload.requested', models: ['a'], at: 0 });
  const left = o.submit('model:a');
  await rest();
  o.abandon(left, 'model:a');
  const ticket = o.submit('model:b');
  await o.advance(7_000, 500);
  expect(o.refused).toMatchObject([refusalOf(ticket)]);
  o.processes.get('a')!.exit();
  const next = o.submit('model:b');
  await rest();
  expect(ids(o.granted)).toContain(next);
});

test('a profile that it belongs to is refused as often as it is asked for, and loaded when it ends', async () => {
  const o = await stuck({ profiles: { p: ['a', 'b'] } });
  const tickets = [o.submit('profile:p', 'b')];
  await rest();
  tickets.push(o.submit('profile:p', 'a'));
  await rest();
  expect(o.refused).toMatchObject(tickets.map(refusalOf));
  o.processes.get('a')!.exit();
  const next = o.submit('profile:p', 'a');
  await rest();
  expect(ids(o.granted)).toContain(next);
  expect([o.phase('a'), o.phase('b')]).toEqual(['ready', 'ready']);
});

test('a profile that loads when one of its members turns out to be stuck comes apart at once', async () => {
  const o = await hang({ models: { a: { stopTimeoutMs: 1_000 }, b: { ttlMs: 2_000 } }, profiles: { p: ['a', 'b'] } });
  o.actor.send({ type: 'unload.requested', models: ['a'], at: 0 });
  const ticket = o.submit('profile:p', 'b');
  await o.advance(5_000, 500);
  expect([o.phase('b'), o.refused.length]).toEqual(['ready', 0]);
  await o.advance(2_000, 500);
  expect(o.refused).toMatchObject([refusalOf(ticket)]);
  expect(o.actor.getSnapshot().context.profilePhases.get('p')).toBe('stopped');
  await o.advance(3_000, 500);
  expect(o.phase('b'), 'nothing holds it any more').toBe('stopped');
});

test('a shutdown does not wait for it once SIGKILL is known to be in vain', async () => {
  const o = await hang();
  o.actor.send({ type: 'shutdown.requested' });
  await o.advance(5_000, 500);
  expect(o.halted()).toBe(false);
  await o.advance(2_000, 500);
  expect(o.halted()).toBe(true);
});
