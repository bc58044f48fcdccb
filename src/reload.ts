import type { ModelId } from '../machines/shared/ids.ts';
import type { LoadedConfig } from './config/load.ts';
import { ConfigError, type Problem } from './config/problems.ts';
import type { InTurn } from './turns.ts';

/** How a reload ended. */
export interface ReloadResult {
  /** Otherwise nothing has changed. */
  readonly ok: boolean;
  /** The models whose processes make way for a new definition. */
  readonly changed: readonly ModelId[];
  /** The errors, or what is odd all the same. */
  readonly problems: readonly Problem[];
}

/**
 * Reads the configuration again, one reload at a time.
 *
 * INVARIANTS
 * - Nothing is adopted unless all of it is right.
 * - A request that comes during a reload leads to exactly one more, however many come: the last state of the file wins.
 *
 * @param inTurn lets nobody else change the configuration meanwhile
 * @param adopt goes on with a configuration; must not throw
 * @param refuse is told why nothing is adopted; must not throw
 */
export function createReload(
  inTurn: InTurn,
  load: () => Promise<LoadedConfig>,
  adopt: (loaded: LoadedConfig) => readonly ModelId[],
  refuse: (problems: readonly Problem[]) => void,
): () => Promise<ReloadResult> {
  /** One that has not begun yet: whoever asks for a reload means this one. */
  let next: Promise<ReloadResult> | null = null;

  async function run(): Promise<ReloadResult> {
    next = null;
    try {
      const loaded = await load();
      return { ok: true, changed: adopt(loaded), problems: loaded.warnings };
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      refuse(error.problems);
      return { ok: false, changed: [], problems: error.problems };
    }
  }

  return () => (next ??= inTurn(run));
}
