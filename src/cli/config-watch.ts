import { stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { ConfigSources } from '../config/sources.ts';
import { yamlFilesIn } from '../config/yaml-files.ts';

const INTERVAL_MS = 2_000;

/** Notices when the files of a configuration have changed. */
export interface ConfigWatch {
  /** Whether they have since the last time this was asked, or since the watch began. */
  hasChanged(): Promise<boolean>;
}

/** How one source looks, as text to compare; null = there is nothing to read. */
type Look = () => Promise<string | null>;

/**
 * Looks at time and size instead of asking the system for events, for those do not arrive through a bind mount, a network
 * file system or the symbolic links that Kubernetes swaps.
 *
 * INVARIANTS
 * - What disappears is no change (an editor may be about to write it anew); what comes back is one.
 * - What the sources look like now counts as known. To miss nothing, begin before the configuration is read.
 */
export async function watchConfig({ file, directory }: ConfigSources): Promise<ConfigWatch> {
  const looks: Look[] = [];
  if (file !== undefined) looks.push(() => lookAtFile(file));
  if (directory !== undefined) looks.push(() => lookAtDirectory(directory));
  const lookAtAll = () => Promise.all(looks.map((look) => look()));

  let known = await lookAtAll();
  return {
    async hasChanged() {
      const before = known;
      known = await lookAtAll();
      return known.some((look, index) => look !== null && look !== before[index]);
    },
  };
}

/**
 * Asks the watch again and again, and lets every change be dealt with before it asks for the next.
 *
 * @param signal Ends it.
 */
export async function followChanges(
  watch: ConfigWatch,
  onChange: () => Promise<void>,
  signal: AbortSignal,
  intervalMs: number = INTERVAL_MS,
): Promise<void> {
  while (!signal.aborted) {
    // An aborted pause is over at once.
    await delay(intervalMs, undefined, { signal, ref: false }).catch(() => {});
    if (!signal.aborted && (await watch.hasChanged())) await onChange();
  }
}

async function lookAtFile(path: string): Promise<string | null> {
  try {
    const { mtimeNs, size } = await stat(path, { bigint: true });
    return `${mtimeNs} ${size}`;
  } catch {
    return null;
  }
}

async function lookAtDirectory(path: string): Promise<string | null> {
  const files = await yamlFilesIn(path).catch(() => []);
  const looks = await Promise.all(files.map(async (file) => `${file} ${await lookAtFile(file)}`));
  return looks.length === 0 ? null : looks.join('\n');
}
