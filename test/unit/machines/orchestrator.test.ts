import { afterEach, describe, expect, test } from 'vitest';
import { createOrchestra, type Orchestra, type OrchestraOptions, settled } from '../../kit/orchestra.ts';

let orchestra: Orchestra;

function play(options?: OrchestraOptions): Orchestra {
  orchestra = createOrchestra(options);
  return orchestra;
}

afterEach(() => orchestra.stop());

const ids = (tickets: readonly { id: number }[]) => tickets.map(({ id }) => id);

describe('one model', () => {
  test('is started for a request, and lent when it is ready', async () => {
    const o = play();
    const ticket = o.submit('model:a');
    expect(o.granted).toEqual([]);
    await settled();
    expect(o.changes).toEqual(['a starting', 'a health-checking', 'a ready']);
    expect(ids(o.granted)).toEqual([ticket]);
  });

  test('starts once for all who wait, and lends at once when ready', async () => {
    const o = play();
    const first = [o.submit('model:a'), o.submit('model:a'), o.submit('model:a')];
    await settled();
    expect(ids(o.granted)).toEqual(first);
    const late = o.submit('model:a');
    expect(ids(o.granted)).toEqual([...first, late]);
    expect(o.processes.get('a')!.starts).toBe(1);
  });

  test('without a health endpoint is ready as soon as it runs', async () => {
    const o = play({ models: { a: { checksHealth: false } } });
    o.submit('model:a');
    await settled();
    expect(o.changes).toEqual(['a starting', 'a ready']);
  });

  test('stops when its idle time has passed since the last lease came back, not before', async () => {
    const o = play({ models: { a: { ttlMs: 5_000 } } });
    o.submit('model:a');
    await settled();
    await o.advance(20_000, 1_000);
    expect(o.phase('a')).toBe('ready');
    o.release('a');
    await o.advance(4_900);
    expect(o.phase('a')).toBe('ready');
    await o.advance(200);
    expect(o.phase('a')).toBe('stopped');
  });

  test('R3: a request that meets the TTL stop waits for it and starts the model again', async () => {
    const o = play({ models: { a: { ttlMs: 1_000, obedient: false } } });
    o.submit('model:a');
    await settled();
    o.release('a');
    await o.advance(1_000);
    expect(o.phase('a')).toBe('stopping');
    const ticket = o.submit('model:a');
    await settled();
    expect(ids(o.granted)).not.toContain(ticket);
    o.processes.get('a')!.exit();
    await settled();
    expect(ids(o.granted)).toContain(ticket);
    expect(o.refused).toEqual([]);
  });

  test('is killed when it does not stop in time', async () => {
    const o = play({ models: { a: { obedient: false, stopTimeoutMs: 3_000 } } });
    o.submit('model:a');
    await settled();
    o.actor.send({ type: 'unload.requested', models: ['a'], at: 0 });
    await o.advance(2_900);
    expect(o.processes.get('a')!.commands.at(-1)).toBe('process.terminate');
    await o.advance(200);
    expect(o.processes.get('a')!.commands.at(-1)).toBe('process.kill');
    expect(o.phase('a')).toBe('stopped');
  });
});

describe('swaps', () => {
  test('never two models at a time: the first is gone before the second starts', async () => {
    const o = play();
    o.submit('model:a');
    await settled();
    o.release('a');
    o.submit('model:b');
    await settled();
    await settled();
    expect(o.changes).toEqual([
      'a starting',
      'a health-checking',
      'a ready',
      'a stopping',
      'a stopped',
      'b starting',
      'b health-checking',
      'b ready',
    ]);
    expect(o.mostAlive()).toBe(1);
  });

  test('wait for the requests in flight', async () => {
    const o = play();
    o.submit('model:a');
    await settled();
    o.submit('model:b');
    await settled();
    expect(o.phase('a')).toBe('ready');
    o.release('a');
    await settled();
    await settled();
    expect(o.phase('b')).toBe('ready');
  });

  test('a request that waits for another model does not hold up the one in use, until it has waited too long', async () => {
    const o = play();
    o.submit('model:a');
    await settled();
    o.submit('model:b');
    const late = o.submit('model:a');
    expect(ids(o.granted)).toContain(late);
  });

  test('collate: A B C A B C is served as A A B B C C with one load each', async () => {
    const o = play();
    const order = ['a', 'b', 'c', 'a', 'b', 'c'];
    for (const model of order) o.submit(`model:${model}`);
    for (let turn = 0; turn < 10; turn++) {
      await settled();
      for (const { model } of o.granted.slice(turn * 2, turn * 2 + 2)) o.release(model);
    }
    expect(o.granted.map(({ model }) => model).join(' ')).toBe('a a b b c c');
    expect([...o.processes.values()].map(({ starts }) => starts)).toEqual([1, 1, 1]);
  });

  test('S1: a steady stream to a ready model does not keep another one waiting for ever', async () => {
    const o = play({ maxWaitMs: 5_000 });
    o.submit('model:a');
    await settled();
    const starving = o.submit('model:b');
    // Two overlapping clients of a: it is never idle.
    for (let second = 0; second < 10; second++) {
      o.submit('model:a');
      await o.advance(1_000);
      if (o.phase('a') === 'ready') o.release('a');
    }
    o.release('a');
    await o.advance(1_000);
    expect(ids(o.granted)).toContain(starving);
  });

  test('once somebody has waited too long, the model in the way gets no new lease but finishes what it has', async () => {
    const o = play({ maxWaitMs: 5_000 });
    o.submit('model:a');
    await settled();
    const b = o.submit('model:b');
    await o.advance(5_100);
    const late = o.submit('model:a');
    expect(o.phase('a')).toBe('ready');
    expect(ids(o.granted)).not.toContain(late);
    o.release('a');
    await settled();
    await settled();
    expect(ids(o.granted)).toContain(b);
    o.release('b');
    await settled();
    await settled();
    expect(ids(o.granted)).toContain(late);
  });

  test('S5: a client that leaves before anything was stopped leaves the warm model alone', async () => {
    const o = play();
    o.submit('model:a');
    await settled();
    o.release('a');
    const ticket = o.submit('model:b');
    o.abandon(ticket, 'model:b');
    await settled();
    await settled();
    expect(o.phase('a')).toBe('ready');
    expect(o.processes.get('b')!.starts).toBe(0);
  });

  test('S5: a client gone while its model loads does not cost the load: the idle time counts from ready', async () => {
    const o = play({ models: { a: { ttlMs: 30_000, autoHealthy: false } } });
    const ticket = o.submit('model:a');
    await settled();
    o.abandon(ticket, 'model:a');
    await o.advance(60_000, 1_000);
    await o.healthy('a');
    await o.advance(29_000, 1_000);
    expect(o.phase('a')).toBe('ready');
    await o.advance(2_000, 1_000);
    expect(o.phase('a')).toBe('stopped');
  });

  test('L6: what the preflight finds wrong does not cost the warm model', async () => {
    const o = play();
    o.submit('model:a');
    await settled();
    o.release('a');
    o.preflightFailures.set('b', {
      code: 'spawn_failed',
      message: 'no such program',
      exitCode: null,
      signal: null,
      logTail: [],
      at: 0,
    });
    o.submit('model:b');
    await settled();
    expect(o.refused[0]?.refusal).toMatchObject({ code: 'model_start_failed', failure: { code: 'spawn_failed' } });
    expect(o.phase('a')).toBe('ready');
    const again = o.submit('model:a');
    expect(ids(o.granted)).toContain(again);
  });
});

describe('failures', () => {
  test('a process that ends while starting fails everybody who waits for it, at once', async () => {
    const o = play({ models: { a: { autoHealthy: false } } });
    o.submit('model:a');
    o.submit('model:a');
    await settled();
    o.processes.get('a')!.exit(3);
    expect(o.refused).toHaveLength(2);
    expect(o.refused[0]?.refusal).toMatchObject({
      code: 'model_start_failed',
      retryAfterMs: 1_000,
      failure: { code: 'exited_early', exitCode: 3, logTail: ['last words'] },
    });
  });

  test('S6: a broken model is not started again by every request, and evicts nobody while it cools down', async () => {
    const o = play({ models: { a: { autoHealthy: false }, b: {} } });
    o.submit('model:a');
    await settled();
    o.processes.get('a')!.exit(1);
    o.submit('model:b');
    await settled();
    o.release('b');
    o.submit('model:a');
    await settled();
    expect(o.refused.at(-1)?.refusal).toMatchObject({ code: 'model_cooling_down', failure: { code: 'exited_early' } });
    expect(o.phase('b')).toBe('ready');
    expect(o.processes.get('a')!.starts).toBe(1);
    await o.advance(1_100);
    o.submit('model:a');
    await settled();
    expect(o.processes.get('a')!.starts).toBe(2);
  });

  test('the cool-down grows with every failure in a row, and can be skipped by hand', async () => {
    const o = play({ models: { a: { autoHealthy: false } } });
    const coolDowns: (number | null)[] = [];
    for (let attempt = 0; attempt < 8; attempt++) {
      o.submit('model:a', 'a', { force: true });
      await settled();
      o.processes.get('a')!.exit(1);
      coolDowns.push(o.refused.at(-1)!.refusal.retryAfterMs);
    }
    expect(coolDowns).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
  });

  test('a model that crashes after it was ready comes back for the next request', async () => {
    const o = play();
    o.submit('model:a');
    await settled();
    o.processes.get('a')!.exit(null, 'SIGSEGV');
    expect(o.phase('a')).toBe('stopped');
    o.release('a');
    o.submit('model:a');
    await settled();
    expect(o.phase('a')).toBe('ready');
  });

  test('a model back from a crash is not idle while requests to its former process are still ending', async () => {
    const o = play({ models: { a: { ttlMs: 1_000 } } });
    o.submit('model:a');
    await settled();
    o.processes.get('a')!.exit(1);
    o.submit('model:a');
    await settled();
    await o.advance(5_000);
    expect(o.phase('a')).toBe('ready');
    o.release('a');
    o.release('a');
    await o.advance(1_100);
    expect(o.phase('a')).toBe('stopped');
  });

  test('a start that does not become healthy in time is stopped and refused', async () => {
    const o = play({ models: { a: { autoHealthy: false, healthTimeoutMs: 15_000 } } });
    o.submit('model:a');
    await settled();
    await o.advance(15_100, 500);
    expect(o.refused[0]?.refusal.failure?.code).toBe('health_timeout');
    expect(o.processes.get('a')!.alive).toBe(false);
  });
});

describe('unload', () => {
  test('R1: the end of an unloaded load is not taken for the end of the next one', async () => {
    const o = play({ models: { a: { autoHealthy: false, obedient: false } } });
    const first = o.submit('model:a');
    await settled();
    o.actor.send({ type: 'unload.requested', models: ['a'], at: 0 });
    expect(o.refused).toMatchObject([{ ticket: { id: first }, refusal: { code: 'model_unloaded' } }]);
    const second = o.submit('model:a');
    await settled();
    o.processes.get('a')!.exit();
    await settled();
    await o.healthy('a');
    expect(ids(o.granted)).toEqual([second]);
    expect(o.refused).toHaveLength(1);
  });

  test('R2: unloading a model whose swap is still evicting starts nothing afterwards', async () => {
    const o = play({ models: { a: { obedient: false }, b: {} } });
    o.submit('model:a');
    await settled();
    o.release('a');
    o.submit('model:b');
    await settled();
    expect(o.phase('a')).toBe('stopping');
    o.actor.send({ type: 'unload.requested', models: ['b'], at: 0 });
    o.processes.get('a')!.exit();
    await settled();
    expect(o.phase('a')).toBe('stopped');
    expect(o.processes.get('b')!.starts).toBe(0);
    expect(o.refused[0]?.refusal.code).toBe('model_unloaded');
  });

  test('a member of an unloaded profile that is loaded by itself meanwhile stays when another one is unloaded', async () => {
    const policy = {
      kind: 'group' as const,
      groups: [{ name: 'both', swap: false, exclusive: false, persistent: false }],
      groupOf: new Map([
        ['a', 0],
        ['b', 0],
      ]),
    };
    const o = play({ policy, models: { a: {}, b: { obedient: false } }, profiles: { both: ['a', 'b'] } });
    const unloadB = () => o.actor.send({ type: 'unload.requested', models: ['b'], at: 0 });
    o.submit('profile:both', 'a');
    await settled();
    o.release('a');
    unloadB();
    const ticket = o.submit('model:a');
    await settled();
    expect(ids(o.granted)).toContain(ticket);
    unloadB();
    expect([o.phase('a'), o.phase('b')], 'while the profile is stopping').toEqual(['ready', 'stopping']);
    o.processes.get('b')!.exit();
    expect(o.actor.getSnapshot().context.profilePhases.get('both')).toBe('stopped');
    unloadB();
    expect(o.phase('a')).toBe('ready');
  });

  test('L5: nobody waits for the unload of somebody else', async () => {
    const o = play({ models: { a: { obedient: false }, b: {} }, profiles: { both: ['a', 'b'] } });
    o.submit('profile:both', 'a');
    await settled();
    o.actor.send({ type: 'unload.requested', models: ['a'], at: 0 });
    // The profile is unloaded as a whole; b, asked for by itself, is served while a still takes its time.
    expect(o.phase('a')).toBe('stopping');
    expect(o.phase('b')).toBe('stopped');
  });
});

describe('profiles', () => {
  const two: OrchestraOptions = { models: { a: {}, b: {}, c: {} }, profiles: { both: ['a', 'b'] } };

  test('members load together and stay together', async () => {
    const o = play(two);
    const ticket = o.submit('profile:both', 'a');
    await settled();
    expect(o.phase('a')).toBe('ready');
    expect(o.phase('b')).toBe('ready');
    expect(ids(o.granted)).toEqual([ticket]);
  });

  test('are exclusive to everything else, and leave together', async () => {
    const o = play(two);
    o.submit('profile:both', 'a');
    await settled();
    o.release('a');
    o.submit('model:c');
    await settled();
    await settled();
    expect([o.phase('a'), o.phase('b'), o.phase('c')]).toEqual(['stopped', 'stopped', 'ready']);
  });

  test('a member asked for by its own name is served where it is', async () => {
    const o = play(two);
    o.submit('profile:both', 'a');
    await settled();
    const ticket = o.submit('model:b');
    expect(ids(o.granted)).toContain(ticket);
  });

  test('keep a member that is already there', async () => {
    const o = play(two);
    o.submit('model:a');
    await settled();
    o.submit('profile:both', 'b');
    await settled();
    await settled();
    expect(o.processes.get('a')!.starts).toBe(1);
    expect(o.phase('b')).toBe('ready');
  });

  test('a member that is stopping does not start again when another one has failed', async () => {
    const o = play({ models: { a: { autoHealthy: false }, b: { obedient: false } }, profiles: { both: ['a', 'b'] } });
    o.submit('model:b');
    await settled();
    o.release('b');
    o.actor.send({ type: 'unload.requested', models: ['b'], at: 0 });
    o.submit('profile:both', 'a');
    await settled();
    o.processes.get('a')!.exit(1);
    expect(o.refused).toMatchObject([{ refusal: { failure: { code: 'exited_early' } } }]);
    o.processes.get('b')!.exit();
    expect(o.phase('b')).toBe('stopped');
  });

  test('keep a member that the profile before them has as well', async () => {
    const o = play({ ...two, profiles: { both: ['a', 'b'], others: ['b', 'c'] } });
    o.submit('profile:both', 'a');
    await settled();
    o.release('a');
    o.submit('profile:others', 'c');
    await settled();
    await settled();
    expect([o.phase('a'), o.phase('b'), o.phase('c')]).toEqual(['stopped', 'ready', 'ready']);
    expect(o.processes.get('b')!.starts).toBe(1);
  });

  test('expire as a whole, when no member is in use', async () => {
    const o = play({ ...two, models: { a: { ttlMs: 1_000 }, b: { ttlMs: 1_000 }, c: {} }, profileTtlMs: 1_000 });
    o.submit('profile:both', 'a');
    await settled();
    await o.advance(5_000);
    expect([o.phase('a'), o.phase('b')]).toEqual(['ready', 'ready']);
    o.release('a');
    await o.advance(1_100);
    expect([o.phase('a'), o.phase('b')]).toEqual(['stopped', 'stopped']);
  });

  test('the idle time of one that is part of another stops nobody whom that one holds', async () => {
    const o = play({ ...two, profiles: { both: ['a', 'b'], all: ['a', 'b', 'c'] }, profileTtlMs: 3_000 });
    o.submit('profile:both', 'a');
    await settled();
    o.release('a');
    await o.advance(2_000);
    const ticket = o.submit('profile:all', 'c');
    await o.advance(10_000);
    expect(ids(o.granted)).toContain(ticket);
    expect([o.phase('a'), o.phase('b'), o.phase('c')]).toEqual(['ready', 'ready', 'ready']);
    expect([...o.actor.getSnapshot().context.profilePhases]).toEqual([
      ['both', 'stopped'],
      ['all', 'ready'],
    ]);
    o.release('c');
    await o.advance(3_100);
    expect([o.phase('a'), o.phase('b'), o.phase('c')]).toEqual(['stopped', 'stopped', 'stopped']);
  });

  test('a member that crashes does not take the other one along, and the next request brings it back', async () => {
    const o = play(two);
    o.submit('profile:both', 'a');
    await settled();
    o.processes.get('b')!.exit(1);
    expect(o.phase('a')).toBe('ready');
    o.submit('profile:both', 'b');
    await settled();
    await settled();
    expect(o.phase('b')).toBe('ready');
    expect(o.processes.get('a')!.starts).toBe(1);
  });

  test('one member that cannot start refuses those who wait for the profile', async () => {
    const o = play({ ...two, models: { a: {}, b: { autoHealthy: false }, c: {} } });
    o.submit('profile:both', 'a');
    await settled();
    o.processes.get('b')!.exit(1);
    await settled();
    expect(o.refused[0]?.refusal).toMatchObject({ code: 'model_start_failed', failure: { code: 'exited_early' } });
  });
});

describe('limits', () => {
  test('S2: without a concurrencyLimit nobody is refused for being the eleventh', async () => {
    const o = play();
    for (let request = 0; request < 50; request++) o.submit('model:a');
    await settled();
    expect(o.granted).toHaveLength(50);
    expect(o.refused).toEqual([]);
  });

  test('with one, waiting and served requests count together', async () => {
    const o = play({ models: { a: { concurrencyLimit: 2 } } });
    o.submit('model:a');
    await settled();
    o.submit('model:a');
    o.submit('model:a');
    expect(o.refused).toMatchObject([{ ticket: { id: 3 }, refusal: { code: 'concurrency_limit' } }]);
    o.release('a');
    o.submit('model:a');
    expect(o.granted).toHaveLength(3);
  });

  test('the queue is bounded', () => {
    const o = play({ maxQueue: 3 });
    for (let request = 0; request < 5; request++) o.submit('model:a');
    expect(o.refused.map(({ refusal }) => refusal.code)).toEqual(['queue_full', 'queue_full']);
  });
});

describe('shutdown', () => {
  test('R11: takes no new work, refuses who waits, lets requests in flight finish, then stops what they used', async () => {
    const o = play();
    o.submit('model:a');
    await settled();
    o.submit('model:b');
    o.actor.send({ type: 'shutdown.requested' });
    o.submit('model:a');
    expect(o.refused.map(({ refusal }) => refusal.code)).toEqual(['shutting_down', 'shutting_down']);
    await settled();
    expect(o.phase('a')).toBe('ready');
    expect(o.halted()).toBe(false);
    o.release('a');
    await settled();
    expect(o.phase('a')).toBe('stopped');
    expect(o.processes.get('b')!.starts).toBe(0);
    expect(o.halted()).toBe(true);
  });

  test('R11: models keep their grace when the drain takes all its time', async () => {
    const o = play({ models: { a: { obedient: false, stopTimeoutMs: 5_000 } }, drainTimeoutMs: 30_000 });
    o.submit('model:a');
    await settled();
    o.actor.send({ type: 'shutdown.requested' });
    await o.advance(30_100, 500);
    expect(o.processes.get('a')!.commands.at(-1)).toBe('process.terminate');
    await o.advance(4_000, 500);
    expect(o.processes.get('a')!.commands.at(-1)).toBe('process.terminate');
    await o.advance(1_500, 500);
    expect(o.processes.get('a')!.commands.at(-1)).toBe('process.kill');
    expect(o.halted()).toBe(true);
  });

  test('forced, it kills at once', async () => {
    const o = play({ models: { a: { obedient: false } } });
    o.submit('model:a');
    await settled();
    o.actor.send({ type: 'shutdown.requested' });
    o.actor.send({ type: 'shutdown.forced' });
    await settled();
    expect(o.processes.get('a')!.commands.at(-1)).toBe('process.kill');
    expect(o.halted()).toBe(true);
  });

  test('while a swap is loading, the load is called off', async () => {
    const o = play({ models: { a: { autoHealthy: false } } });
    o.submit('model:a');
    await settled();
    o.actor.send({ type: 'shutdown.requested' });
    await settled();
    expect(o.phase('a')).toBe('stopped');
    expect(o.halted()).toBe(true);
  });
});
