import { afterEach, expect, test } from 'vitest';
import { createOrchestra, type Orchestra, type OrchestraOptions, settled } from '../../kit/orchestra.ts';

let orchestra: Orchestra;

function play(options?: OrchestraOptions): Orchestra {
  orchestra = createOrchestra(options);
  return orchestra;
}

afterEach(() => orchestra.stop());

const PATIENT = { patient: true, force: true };

const ids = (tickets: readonly { id: number }[]) => tickets.map(({ id }) => id);

async function rest(): Promise<void> {
  for (let turn = 0; turn < 4; turn += 1) await settled();
}

test('a patient ticket evicts nobody who is used, however long it waits, and does not close the gate', async () => {
  const o = play({ maxWaitMs: 1_000, models: { a: {}, b: { priority: 9 } } });
  o.submit('model:a');
  await settled();
  const patient = o.submit('model:b', 'b', PATIENT);
  await o.advance(10_000);
  expect(o.openGates.has('a'), 'requests for the model in its way cost what they always cost').toBe(true);
  const late = o.submit('model:a');
  expect(ids(o.granted)).toContain(late);
  o.release('a');
  await o.advance(1_000);
  expect(ids(o.granted)).not.toContain(patient);
  o.release('a');
  await rest();
  expect(ids(o.granted)).toContain(patient);
  expect(o.phase('a')).toBe('stopped');
});

test('a patient ticket goes after requests that came later', async () => {
  const o = play();
  o.submit('model:a');
  await settled();
  const patient = o.submit('model:b', 'b', PATIENT);
  const request = o.submit('model:c');
  o.release('a');
  await rest();
  expect(ids(o.granted)).toContain(request);
  expect(ids(o.granted)).not.toContain(patient);
  expect(o.openGates.has('c'), 'nobody is slowed down by it').toBe(true);
  o.release('c');
  await rest();
  expect(ids(o.granted)).toContain(patient);
});

test('a patient ticket begins nothing that a request would have to wait for', async () => {
  // c runs alone; a and b may be together.
  const policy = {
    kind: 'group' as const,
    groups: [
      { name: 'pair', swap: false, exclusive: true, persistent: false },
      { name: 'alone', swap: true, exclusive: true, persistent: false },
    ],
    groupOf: new Map([
      ['a', 0],
      ['b', 0],
      ['c', 1],
    ]),
  };
  const o = play({ policy, models: { a: {}, b: { autoHealthy: false }, c: {} } });
  o.submit('model:a');
  await settled();
  const request = o.submit('model:c');
  o.submit('model:b', 'b', PATIENT);
  await rest();
  expect(o.phase('b'), 'nobody is loaded beside a, for c would have to wait until that is done').toBe('stopped');
  o.release('a');
  await rest();
  expect(ids(o.granted)).toContain(request);
});

test('a patient ticket counts neither for the limit of a model nor for its queue', async () => {
  const o = play({ maxQueue: 1, models: { a: { concurrencyLimit: 1, autoHealthy: false } } });
  o.submit('model:a', 'a', PATIENT);
  await settled();
  const request = o.submit('model:a');
  expect(o.refused).toEqual([]);
  await o.healthy('a');
  expect(ids(o.granted)).toContain(request);
});

test('a swap that a request had forced does not go on for a patient ticket alone', async () => {
  const o = play({ maxWaitMs: 1_000 });
  o.submit('model:a');
  await settled();
  o.submit('model:b', 'b', PATIENT);
  const request = o.submit('model:b');
  await o.advance(2_000);
  const blocked = o.submit('model:a');
  expect(ids(o.granted), 'the gate is closed for the request that has waited for too long').not.toContain(blocked);
  o.abandon(request, 'model:b');
  await rest();
  expect(ids(o.granted), 'and open when it has left').toContain(blocked);
});

test('a patient ticket wants the model as it is configured now: one that an older definition has started will not do', async () => {
  const o = play({ models: { a: { autoHealthy: false } } });
  o.submit('model:a', 'a', PATIENT);
  await settled();
  const request = o.submit('model:a');
  o.reload(['a']);
  await o.healthy('a');
  expect(ids(o.granted), 'a request is served by what there is').toEqual([request]);
  o.release('a');
  await rest();
  await o.healthy('a');
  expect(ids(o.granted)).toHaveLength(2);
  expect(o.processes.get('a')!.starts).toBe(2);
});

test('a load by an older definition is called off when only a patient ticket waits for it', async () => {
  const o = play({ models: { a: { autoHealthy: false } } });
  const patient = o.submit('model:a', 'a', PATIENT);
  await settled();
  o.reload(['a']);
  await rest();
  expect(o.changes.slice(-4)).toEqual(['a stopping', 'a stopped', 'a starting', 'a health-checking']);
  await o.healthy('a');
  expect(ids(o.granted)).toEqual([patient]);
});

test('that an older definition cannot start says nothing about the present one', async () => {
  const o = play({ models: { a: { autoHealthy: false } } });
  const patient = o.submit('model:a', 'a', PATIENT);
  await settled();
  const request = o.submit('model:a');
  o.reload(['a']);
  o.processes.get('a')!.exit(1);
  await rest();
  expect(o.refused).toMatchObject([{ ticket: { id: request }, refusal: { code: 'model_start_failed' } }]);
  await o.healthy('a');
  expect(ids(o.granted)).toEqual([patient]);
  o.release('a');
  o.processes.get('a')!.exit(1);
  await rest();
});

test('that the present definition cannot start is told', async () => {
  const o = play({ models: { a: { autoHealthy: false } } });
  const patient = o.submit('model:a', 'a', PATIENT);
  await settled();
  o.processes.get('a')!.exit(1);
  await rest();
  expect(o.refused).toMatchObject([{ ticket: { id: patient }, refusal: { code: 'model_start_failed' } }]);
  expect(o.processes.get('a')!.starts).toBe(1);
});
