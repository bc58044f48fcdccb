import { afterEach, describe, expect, test } from 'vitest';
import { compileGroups, type GroupSettings } from '../../../../machines/orchestrator/policies/compile-groups.ts';
import { compileMatrix } from '../../../../machines/orchestrator/policies/compile-matrix.ts';
import type { Compiled } from '../../../../machines/orchestrator/policies/compiled.ts';
import type { PolicyRules } from '../../../../machines/orchestrator/policies/policy.ts';
import { createOrchestra, type Orchestra, type OrchestraOptions, settled } from '../../../kit/orchestra.ts';

let orchestra: Orchestra;

function play(options: OrchestraOptions): Orchestra {
  orchestra = createOrchestra(options);
  return orchestra;
}

afterEach(() => orchestra.stop());

const MODELS = ['a', 'b', 'c', 'd'];
const four = { a: {}, b: {}, c: {}, d: {} };

function rulesOf(compiled: Compiled<PolicyRules>): PolicyRules {
  if ('problems' in compiled) throw new Error(JSON.stringify(compiled.problems));
  return compiled.rules;
}

const groups = (settings: Record<string, GroupSettings>) => rulesOf(compileGroups(settings, MODELS));
const matrix = (sets: Record<string, string>) => rulesOf(compileMatrix({ sets }, MODELS));

const ready = (o: Orchestra) => MODELS.filter((model) => o.phase(model) === 'ready').join('');
const isGranted = (o: Orchestra, ticket: number) => o.granted.some(({ id }) => id === ticket);
const order = (o: Orchestra) => o.granted.map(({ model }) => model).join('');

async function serve(o: Orchestra, model: string): Promise<void> {
  o.submit(`model:${model}`);
  await settled();
  o.release(model);
  await settled();
}

describe('groups', () => {
  test('that are not exclusive load side by side, and swap within', async () => {
    const policy = groups({
      left: { members: ['a', 'b'], exclusive: false },
      right: { members: ['c', 'd'], exclusive: false },
    });
    const o = play({ policy, models: { ...four, b: { autoHealthy: false }, d: { autoHealthy: false } } });
    await serve(o, 'a');
    await serve(o, 'c');
    expect(ready(o)).toBe('ac');
    const [first, second] = [o.submit('model:b'), o.submit('model:d')];
    await settled();
    expect([o.phase('a'), o.phase('b'), o.phase('c'), o.phase('d')]).toEqual([
      'stopped',
      'health-checking',
      'stopped',
      'health-checking',
    ]);
    await o.healthy('d');
    expect([isGranted(o, first), isGranted(o, second)]).toEqual([false, true]);
    await o.healthy('b');
    expect(ready(o)).toBe('bd');
  });

  test('an exclusive model waits for a model beside which it may not be, and keeps the persistent one', async () => {
    const policy = groups({ keep: { members: ['c'], persistent: true, exclusive: false } });
    const o = play({ policy, models: four });
    await serve(o, 'c');
    o.submit('model:a');
    await settled();
    const waiting = o.submit('model:b');
    await settled();
    expect([ready(o), isGranted(o, waiting)]).toEqual(['ac', false]);
    o.release('a');
    await settled();
    expect([ready(o), isGranted(o, waiting)]).toEqual(['bc', true]);
  });

  test('S3: a ready model is lent at once and evicts nobody, though another one was loaded beside it meanwhile', async () => {
    const o = play({ policy: groups({ small: { members: ['c'], exclusive: false } }), models: four });
    await serve(o, 'a');
    const intruder = o.submit('model:c');
    await settled();
    expect([isGranted(o, intruder), ready(o)]).toEqual([true, 'ac']);
    // The intruder is in use, and no lease on `a` waits for it, before or after it is given back.
    expect(isGranted(o, o.submit('model:a'))).toBe(true);
    o.release('c');
    await settled();
    expect(isGranted(o, o.submit('model:a'))).toBe(true);
    await settled();
    expect(ready(o)).toBe('ac');
    expect(o.actor.getSnapshot().context.swaps).toEqual([]);
  });

  test('S3: a model asked for again while it is still there evicts nobody either', async () => {
    const policy = groups({ small: { members: ['c'], exclusive: false } });
    const o = play({ policy, models: { ...four, a: { obedient: false } } });
    await serve(o, 'a');
    await serve(o, 'c');
    o.actor.send({ type: 'unload.requested', models: ['a'], at: 0 });
    const ticket = o.submit('model:a');
    expect(o.phase('a')).toBe('stopping');
    o.processes.get('a')!.exit();
    await settled();
    expect([isGranted(o, ticket), ready(o), o.processes.get('c')!.starts]).toEqual([true, 'ac', 1]);
  });
});

describe('a matrix', () => {
  test('lets models that may be together load at the same time', async () => {
    const models = { ...four, a: { autoHealthy: false }, b: { autoHealthy: false } };
    const o = play({ policy: matrix({ s: 'a & b', t: 'c' }), models });
    o.submit('model:a');
    o.submit('model:b');
    await settled();
    expect([o.phase('a'), o.phase('b')]).toEqual(['health-checking', 'health-checking']);
    const waiting = o.submit('model:c');
    await o.healthy('a');
    await o.healthy('b');
    expect([ready(o), isGranted(o, waiting)]).toEqual(['ab', false]);
    o.release('a');
    o.release('b');
    await settled();
    expect([ready(o), isGranted(o, waiting)]).toEqual(['c', true]);
  });

  test('stops only whom it must', async () => {
    const o = play({ policy: matrix({ s: '(a | b) & c & d' }), models: four });
    for (const model of ['a', 'c', 'd', 'b']) await serve(o, model);
    expect(ready(o)).toBe('bcd');
    expect(o.changes.filter((change) => change.endsWith('stopping'))).toEqual(['a stopping']);
  });
});

describe('profiles', () => {
  const policy = groups({ free: { members: ['a', 'b', 'c', 'd'], swap: false, exclusive: false } });

  test('share the machine with nobody, though the policy would let every model in', async () => {
    const o = play({ policy, models: four, profiles: { ab: ['a', 'b'] } });
    await serve(o, 'c');
    const profile = o.submit('profile:ab', 'a');
    await settled();
    expect([isGranted(o, profile), ready(o)]).toEqual([true, 'ab']);
    const other = o.submit('model:d');
    await settled();
    expect([isGranted(o, other), ready(o)]).toEqual([false, 'ab']);
    o.release('a');
    await settled();
    expect([isGranted(o, other), ready(o)]).toEqual([true, 'd']);
  });

  test('are not joined by another model while they load', async () => {
    const o = play({ policy, models: { ...four, a: { autoHealthy: false } }, profiles: { ab: ['a', 'b'] } });
    o.submit('profile:ab', 'a');
    await settled();
    o.submit('model:d');
    await settled();
    expect(o.phase('d')).toBe('stopped');
    await o.healthy('a');
    expect(order(o)).toBe('a');
    o.release('a');
    await settled();
    expect(ready(o)).toBe('d');
  });

  test('of one member share with nobody either', async () => {
    const o = play({ policy, models: four, profiles: { alone: ['a'] } });
    await serve(o, 'c');
    o.submit('profile:alone', 'a');
    await settled();
    expect(ready(o)).toBe('a');
    o.release('a');
    await serve(o, 'd');
    expect(ready(o)).toBe('d');
  });
});

describe('S4: priorities', () => {
  const models = { a: {}, b: {}, c: { priority: 5 }, d: { priority: -1 } };

  test('order the lines: the highest first, equals by age', async () => {
    const o = play({ models: { ...models, a: { autoHealthy: false } } });
    o.submit('model:a');
    await settled();
    for (const model of ['d', 'b', 'c']) o.submit(`model:${model}`);
    await o.healthy('a');
    for (const model of ['a', 'c', 'b']) {
      expect(o.granted.at(-1)?.model).toBe(model);
      o.release(model);
      await settled();
    }
    expect(order(o)).toBe('acbd');
  });

  test('a steady stream to a ready model of lower priority does not pass by whoever waits for a higher one', async () => {
    const o = play({ models });
    o.submit('model:a');
    await settled();
    const high = o.submit('model:c');
    const late = o.submit('model:a');
    await settled();
    expect([isGranted(o, late), o.phase('a')]).toEqual([false, 'ready']);
    o.release('a');
    await settled();
    expect([isGranted(o, high), isGranted(o, late)]).toEqual([true, false]);
    o.release('c');
    await settled();
    expect(isGranted(o, late)).toBe(true);
  });

  test('among equals a ready model goes on being lent', async () => {
    const o = play({ models });
    o.submit('model:a');
    await settled();
    o.submit('model:b');
    await settled();
    expect(isGranted(o, o.submit('model:a'))).toBe(true);
  });

  test('of a profile are the highest anybody in its line waits for', async () => {
    const o = play({ models: { ...models, a: { autoHealthy: false } }, profiles: { p: ['b', 'c'] } });
    o.submit('model:a');
    await settled();
    const [low, high] = [o.submit('model:d'), o.submit('profile:p', 'c')];
    await o.healthy('a');
    o.release('a');
    await settled();
    expect([isGranted(o, low), isGranted(o, high)]).toEqual([false, true]);
  });

  test('count for nothing against a line that has waited too long', async () => {
    const o = play({ models: { ...models, a: { autoHealthy: false } }, maxWaitMs: 1_000 });
    o.submit('model:a');
    await settled();
    o.submit('model:d');
    await o.advance(1_100);
    o.submit('model:c');
    await o.healthy('a');
    o.release('a');
    await settled();
    expect(order(o)).toBe('ad');
  });

  test('do not starve the lowest: whoever has waited too long comes first', async () => {
    const o = play({ models, maxWaitMs: 3_000 });
    o.submit('model:c');
    await settled();
    const low = o.submit('model:d');
    let turns = 0;
    while (!isGranted(o, low) && turns++ < 20) {
      o.submit('model:c');
      await o.advance(500);
      if (o.actor.getSnapshot().context.leases.has('c')) o.release('c');
      await settled();
    }
    expect(isGranted(o, low)).toBe(true);
    expect(turns).toBeGreaterThan(4);
  });
});

test('a line that has waited too long is not passed by swaps that would keep it waiting', async () => {
  // `a` may be with `b` or with `c`; `d` only alone.
  const o = play({
    policy: matrix({ s: 'a & (b | c)', t: 'd' }),
    models: { a: { autoHealthy: false }, b: {}, c: {}, d: {} },
    maxWaitMs: 1_000,
  });
  o.submit('model:a');
  await settled();
  const alone = o.submit('model:d');
  await o.advance(1_100);
  // The load of `a` goes on, so `d` cannot begin; `b` could, and would then have to be waited for as well.
  o.submit('model:b');
  await settled();
  expect(o.phase('b')).toBe('stopped');
  await o.healthy('a');
  o.release('a');
  await settled();
  expect([isGranted(o, alone), order(o)]).toEqual([true, 'ad']);
  o.release('d');
  await settled();
  expect(order(o)).toBe('adb');
});
