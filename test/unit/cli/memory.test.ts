import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { trimMemory } from '../../../src/cli/memory.ts';

describe('trim memory', () => {
  it('lets go of what nobody refers to any more', async () => {
    const garbage = (() => new WeakRef({ text: 'x'.repeat(1_000) }))();
    expect(garbage.deref()).toBeDefined();
    // A weak reference holds its object until the present task has ended.
    await delay(1);
    trimMemory();
    expect(garbage.deref()).toBeUndefined();
  });

  it('leaves no gc function behind', () => {
    trimMemory();
    expect(globalThis.gc).toBeUndefined();
  });
});
