import { describe, expect, it, vi } from 'vitest';
import { safely } from '../../../src/observability/safely.ts';

describe('safely', () => {
  it('passes the arguments on', () => {
    const fn = vi.fn<(a: number, b: string) => void>();
    safely('it', fn, () => {})(1, 'two');
    expect(fn).toHaveBeenCalledWith(1, 'two');
  });

  it('reports the first failure only', () => {
    const report = vi.fn<(message: string) => void>();
    const guarded = safely(
      'the journal',
      () => {
        throw new TypeError('broken');
      },
      report,
    );
    guarded();
    guarded();
    expect(report.mock.calls).toEqual([[expect.stringMatching(/^the journal failed.*TypeError: broken$/)]]);
  });

  it('does not throw when the report throws', () => {
    const guarded = safely(
      'it',
      () => {
        throw new Error('one');
      },
      () => {
        throw new Error('two');
      },
    );
    expect(guarded).not.toThrow();
  });

  it('does not say what a thrown value holds that is not an error', () => {
    const report = vi.fn<(message: string) => void>();
    safely(
      'it',
      () => {
        // oxlint-disable-next-line typescript/only-throw-error -- a careless library may
        throw 'sk-secret';
      },
      report,
    )();
    expect(report.mock.calls[0]?.[0]).not.toContain('sk-secret');
  });
});
