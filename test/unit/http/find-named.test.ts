import { describe, expect, it } from 'vitest';
import type { Names } from '../../../src/dispatch/names.ts';
import { findNamed } from '../../../src/http/deliver/find-named.ts';

/** Names that grow when they are asked to. */
function namesThat(grow: (isFound: () => boolean) => Promise<void>, mayGrow = true): Names {
  return { mayGrow, askUntil: grow } as unknown as Names;
}

const never = namesThat(() => Promise.reject(new Error('asked')));

describe('who is meant by a name', () => {
  it('is known at once, or not at all where nothing can be discovered', () => {
    expect(findNamed(() => 'found', never)).toBe('found');
    expect(findNamed(() => null, { ...never, mayGrow: false })).toBeNull();
  });

  it('is looked for once more when the peers were asked', async () => {
    let known: string | null = null;
    const checks: boolean[] = [];
    const names = namesThat((isFound) => {
      checks.push(isFound());
      known = 'found';
      checks.push(isFound());
      return Promise.resolve();
    });
    expect(await findNamed(() => known, names)).toBe('found');
    expect(checks).toEqual([false, true]);
  });

  it('may be nobody any more meanwhile: whoever asks hears of that, and nobody else', async () => {
    let isOff = false;
    const names = namesThat((isFound) => {
      isOff = true;
      expect(isFound()).toBe(true);
      return Promise.resolve();
    });
    const find = (): string | null => {
      if (isOff) throw new Error('switched off');
      return null;
    };
    await expect(findNamed(find, names)).rejects.toThrow('switched off');
  });
});
