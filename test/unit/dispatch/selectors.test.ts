import { describe, expect, it } from 'vitest';
import type { Phase } from '../../../machines/shared/phase.ts';
import type { SelectorConfig, SelectorTarget } from '../../../src/config/types.ts';
import { createSelectors } from '../../../src/dispatch/selectors.ts';
import type { Selectors } from '../../../src/dispatch/selectors.ts';

const NONE: ReadonlySet<string> = new Set();

function target(name: string): SelectorTarget {
  const [peer = '', model] = name.split('/');
  return model === undefined ? { kind: 'model', model: name, name } : { kind: 'peer', peer, model, name };
}

function selector(strategy: SelectorConfig['strategy'], names: readonly string[], spillover = 1): SelectorConfig {
  const targets = names.map(target);
  return { id: 's', strategy, targets, spillover, name: '', description: '', unlisted: false, metadata: {} };
}

/** The names chosen one after the other, none released. */
function choices(selectors: Selectors, config: SelectorConfig, count: number): (string | undefined)[] {
  return Array.from({ length: count }, () => selectors.choose(config, NONE)?.target.name);
}

function withPhases(phases: Record<string, Phase>): Selectors {
  return createSelectors((model) => phases[model] ?? 'stopped');
}

describe('pin', () => {
  it('takes the first target, whatever is loaded', () => {
    expect(choices(withPhases({ b: 'ready' }), selector('pin', ['a', 'b']), 3)).toEqual(['a', 'a', 'a']);
  });
});

describe('warm', () => {
  it.each<[string, Record<string, Phase>, string]>([
    ['the first one that is ready', { b: 'starting', c: 'ready', d: 'ready' }, 'c'],
    ['else the first one that starts', { b: 'stopping', c: 'health-checking', d: 'starting' }, 'c'],
    ['else the first one', { c: 'stopping' }, 'a'],
  ])('takes %s', (_what, phases, expected) => {
    expect(choices(withPhases(phases), selector('warm', ['a', 'b', 'c', 'd']), 1)).toEqual([expected]);
  });
});

describe('spillover', () => {
  it('starts the first cold target when nothing is active', () => {
    expect(choices(withPhases({}), selector('spillover', ['a', 'b']), 1)).toEqual(['a']);
  });

  it('stays on active targets until each has enough to do, then starts a cold one', () => {
    expect(choices(withPhases({ b: 'ready' }), selector('spillover', ['a', 'b'], 2), 4)).toEqual(['b', 'b', 'a', 'a']);
  });

  it('gives the least busy target more when none is cold', () => {
    const selectors = withPhases({ a: 'ready', b: 'ready' });
    const config = selector('spillover', ['a', 'b'], 1);
    const first = selectors.choose(config, NONE);
    const second = selectors.choose(config, NONE);
    expect([first?.target.name, second?.target.name].sort()).toEqual(['a', 'b']);
    second?.release(false);
    expect(choices(selectors, config, 1)).toEqual([second?.target.name]);
  });

  it('goes round among equals', () => {
    const selectors = withPhases({ a: 'ready', b: 'ready' });
    const config = selector('spillover', ['a', 'b'], 5);
    const seen = Array.from({ length: 4 }, () => {
      const choice = selectors.choose(config, NONE);
      choice?.release(false);
      return choice?.target.name;
    });
    expect(seen.filter((name) => name === 'a')).toHaveLength(2);
  });

  it('leaves targets alone that are being stopped; with nothing else there is none', () => {
    expect(choices(withPhases({ a: 'stopping' }), selector('spillover', ['a', 'b']), 1)).toEqual(['b']);
    expect(choices(withPhases({ a: 'stopping' }), selector('spillover', ['a']), 1)).toEqual([undefined]);
  });

  it('takes an idle peer for cold and a busy one for active', () => {
    expect(choices(withPhases({}), selector('spillover', ['p/a', 'q/b']), 3)).toEqual([
      'p/a',
      'q/b',
      expect.any(String),
    ]);
  });

  it('counts a reservation once, however often it is released', () => {
    const selectors = withPhases({});
    const config = selector('spillover', ['a', 'b'], 2);
    const first = selectors.choose(config, NONE);
    selectors.choose(config, NONE);
    first?.release(false);
    first?.release(false);
    // One is out on a: one more fits there, the next spills over.
    expect(choices(selectors, config, 2)).toEqual(['a', 'b']);
  });
});

describe('S7: a selector does not fail with its first target', () => {
  it.each(['pin', 'warm', 'spillover'] as const)(
    '%s: what has failed a request is not chosen again for it',
    (strategy) => {
      const selectors = withPhases({});
      const config = selector(strategy, ['a', 'b']);
      const first = selectors.choose(config, NONE);
      first?.release(true);
      expect(selectors.choose(config, new Set([first?.key ?? '']))?.target.name).toBe('b');
      expect(selectors.choose(config, new Set(['model:a', 'model:b']))).toBeNull();
    },
  );

  it('a peer that could not be reached is passed over for a while, unless nothing else is left', () => {
    let now = 1_000_000;
    const selectors = createSelectors(
      () => 'stopped',
      () => now,
    );
    const config = selector('pin', ['p/a', 'b']);
    selectors.choose(config, NONE)?.release(true);
    expect(choices(selectors, config, 1)).toEqual(['b']);
    expect(choices(selectors, selector('pin', ['p/a']), 1)).toEqual(['p/a']);
    now += 60_000;
    expect(choices(selectors, config, 1)).toEqual(['p/a']);
  });

  it('a peer that answers again is forgiven', () => {
    let now = 1_000_000;
    const selectors = createSelectors(
      () => 'stopped',
      () => now,
    );
    const config = selector('pin', ['p/a', 'b']);
    for (const failed of [true, true, true]) {
      selectors.choose(config, NONE)?.release(failed);
      now += 60_001;
    }
    selectors.choose(config, NONE)?.release(false);
    selectors.choose(config, NONE)?.release(true);
    now += 1_001;
    // After one failure it is asked again sooner than after four.
    expect(choices(selectors, config, 1)).toEqual(['p/a']);
  });
});
