import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { collectEverything, collectGarbage } from '../../../src/cli/memory.ts';

describe.each([
  ['garbage', collectGarbage],
  ['everything', collectEverything],
])('collecting %s', (_, collect) => {
  it('lets go of what nobody refers to any more', async () => {
    const garbage = (() => new WeakRef({ text: 'x'.repeat(1_000) }))();
    expect(garbage.deref()).toBeDefined();
    // A weak reference holds its object until the present task has ended.
    await delay(1);
    collect();
    expect(garbage.deref()).toBeUndefined();
  });

  it('leaves no gc function behind', () => {
    collect();
    expect(globalThis.gc).toBeUndefined();
  });
});
